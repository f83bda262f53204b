// DSG: Diversifying Sample Generation for Accurate Data-Free Quantization (Zhang et al., CVPR 2021)
// and its extended version (Qin et al., arXiv 2109.00212). ZeroQ's images with slack statistics,
// where each image matches one layer more closely. The extended version adds labels, image priors
// and decorrelated images.
#include <torch/types.h>

#include <functional>
#include <utility>

#include "engine/synthesis/batch_norm_statistics.h"
#include "engine/synthesis/labels.h"
#include "engine/synthesis/pixels.h"
#include "methods/dsg/objective.h"

namespace zerosweep {
namespace {

torch::Tensor InitialImages(const SynthesisContext& context, const ImageBatch& batch,
                            bool gaussian) {
  const auto draw = gaussian ? &RandomSequence::Normal : &RandomSequence::Uniform;
  return context.random
      .FillForSamples(0, "initial_image", context.teacher.graph.BatchShape(batch.count),
                      static_cast<uint64_t>(batch.first), std::mem_fn(draw))
      .contiguous(torch::MemoryFormat::ChannelsLast);
}

class Distillation final : public PixelOptimisation {
 public:
  Distillation(const SynthesisContext& context, const DsgSettings& settings,
               const std::vector<Slack>& slacks, const ImageBatch& batch)
      : PixelOptimisation(context, settings.pixels,
                          InitialImages(context, batch, settings.gaussian)),
        objective_(context, settings, slacks, batch) {}

 private:
  std::map<std::string, torch::Tensor> Terms(const torch::Tensor& x,
                                             int64_t iteration) const override {
    return objective_.Terms(x, iteration);
  }

  DsgObjective objective_;
};

SyntheticData Synthesize(const SynthesisContext& context, const DsgSettings& settings) {
  const BatchSettings& batches = settings.pixels.batches;
  RequireBatchNorms(context.teacher.graph, "dsg");
  std::vector<Slack> slacks(context.teacher.graph.BatchNorms().size());
  if (settings.slack) {
    slacks = GaussianSlacks(context.teacher, settings.slack_percentile, settings.slack_images,
                            context.random, context.progress);
  }
  SyntheticData data = SynthesizeInBatches(
      context, "dsg", batches, [&](const SynthesisContext& own, const ImageBatch& batch) {
        return std::make_unique<Distillation>(own, settings, slacks, batch);
      });
  if (settings.ce_weight > 0)
    data.labels = UniformLabels(context.random, context.teacher.classes, 0, data.images.size(0));
  const torch::NoGradGuard no_grad;
  const torch::Tensor first = data.images.slice(0, 0, batches.batch);
  double loss = 0;
  for (const auto& [name, term] : DsgObjective(context, settings, slacks, {0, 0, first.size(0)})
                                      .Terms(first, batches.iterations))
    loss += term.item<double>();
  data.metrics["final_loss"] = loss;
  return data;
}

const char* const kCode = "authors' code (extended version)";

Params<DsgSettings> SlackParams() {
  return {
      Bind(&DsgSettings::slack,
           {.name = "slack",
            .default_value = true,
            .meaning = "let statistics differ from the running ones by a slack (SDA)",
            .source = "CVPR 2021, slack distribution alignment"}),
      Bind(&DsgSettings::slack_percentile,
           FractionParam("slack_percentile", 0.9,
                         "share of a layer's channels of Gaussian images that the slack lets pass",
                         "CVPR 2021 (recalled)")),
      Bind(&DsgSettings::slack_images,
           BudgetParam("slack_images", {1024, 1024, 16},
                       "Gaussian images that the slacks are measured on", "images",
                       "CVPR 2021 (recalled)"))};
}

Params<DsgSettings> ExtensionParams() {
  return {
      Bind(&DsgSettings::decorrelation,
           {.name = "sci",
            .default_value = "decorrelation",
            .meaning = "form of sample correlation inhibition: decorrelation: mean squared cosine "
                       "between images; none: as released, where the term has no gradient",
            .source =
                "code: detached eigenvalues; paper: arXiv 2109.00212, our differentiable reading",
            .variants = {{"code", "none"}, {"paper", "decorrelation"}, {"fixed", "decorrelation"}}},
           {{"decorrelation", true}, {"none", false}}),
      Bind(&DsgSettings::sci_weight,
           RateParam("sci_weight", 0, "weight of that term, over the number of batch norms",
                     "extended version: 1; conference: 0")),
      Bind(&DsgSettings::ce_weight,
           RateParam("ce_weight", 0, "weight of the cross-entropy to random labels",
                     "extended code: 2; conference: 0")),
      Bind(&DsgSettings::tv_weight, RateParam("tv_weight", 0, "weight of the total variation",
                                              "extended code: 0.01; conference: 0")),
      Bind(&DsgSettings::l2_weight, RateParam("l2_weight", 0, "weight of the images' mean norm",
                                              "extended code: 0.01; conference: 0"))};
}

}  // namespace

// Where the versions differ, the defaults are the conference version's; the recipe of the extended
// version sets its own.
Params<DsgSettings> DsgParams() {
  return {
      Part(&DsgSettings::pixels,
           PixelParams({.images = "README of the authors' code (its default is 40)",
                        .iterations = kCode,
                        .lr = "conference: as ZeroQ; extended code: 0.9",
                        .plateau = "conference: as ZeroQ; extended code: a patience of 260"})),
      Bind(&DsgSettings::gaussian,
           {.name = "init",
            .default_value = "gaussian",
            .meaning = "gaussian: N(0, 1); uniform: U[0, 1), which the code calls Gaussian",
            .source = "code: GaussDataset; paper: recalled",
            .variants = {{"code", "uniform"}, {"paper", "gaussian"}, {"fixed", "gaussian"}}},
           {{"gaussian", true}, {"uniform", false}}),
      SlackParams(),
      Bind(&DsgSettings::enhancement,
           {.name = "lse",
            .default_value = "own_layer",
            .meaning = "layerwise sample enhancement: own_layer: image j weighs 2 at layer j mod "
                       "L; first_20: image j weighs 4 at layer j, for j < 20; none",
            .source = "code: distill_data.py; paper: recalled",
            .variants = {{"code", "first_20"}, {"paper", "own_layer"}, {"fixed", "own_layer"}}},
           {{"own_layer", Enhancement::kOwnLayer},
            {"first_20", Enhancement::kFirstTwenty},
            {"none", Enhancement::kNone}}),
      ExtensionParams()};
}

namespace {

const RegisterSynthesizer kDsg{
    {.name = "dsg",
     .summary = "ZeroQ's images with slack in the statistics and a layer of its own for each image",
     .paper = "DSG (Zhang et al., CVPR 2021); extended: Qin et al., arXiv 2109.00212",
     .revision = 1,
     .uses_seed = true,
     .limits = {NeedsBatchNorms(), NeedsMaps()},
     .facts = MethodFacts{.labels = {{{"param.ce_weight", "above", 0}}}}},
    DsgParams(),
    Synthesize};

}  // namespace
}  // namespace zerosweep
