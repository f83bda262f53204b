// The images of IntraQ: Learning Synthetic Images with Intra-Class Heterogeneity for Zero-Shot
// Network Quantization (Zhong et al., CVPR 2022). Batch-norm statistics and labels are matched,
// while images of a class keep a distance from one another.
#include <torch/types.h>

#include "engine/synthesis/batch_norm_statistics.h"
#include "engine/synthesis/labels.h"
#include "engine/synthesis/pixels.h"
#include "methods/intraq/objective.h"

namespace zerosweep {
namespace {

torch::Tensor InitialImages(const SynthesisContext& context, const ImageBatch& batch) {
  return context.random
      .NormalForSamples(0, "initial_image", context.teacher.graph.BatchShape(batch.count),
                        static_cast<uint64_t>(batch.first))
      .contiguous(torch::MemoryFormat::ChannelsLast);
}

class Distillation final : public PixelOptimisation {
 public:
  Distillation(const SynthesisContext& context, const IntraqSettings& settings,
               const ImageBatch& batch)
      : PixelOptimisation(context, settings.pixels, InitialImages(context, batch)),
        objective_(context, settings, batch) {}

 private:
  std::map<std::string, torch::Tensor> Terms(const torch::Tensor& x,
                                             int64_t iteration) const override {
    return objective_.Terms(objective_.Seen(x, iteration));
  }

  IntraqObjective objective_;
};

// Loss of the first batch, which has no margins, on the images without views.
double FinalLoss(const SynthesisContext& context, const IntraqSettings& settings,
                 const torch::Tensor& images) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor first = images.slice(0, 0, settings.pixels.batches.batch);
  double loss = 0;
  for (const auto& [name, term] :
       IntraqObjective(context, settings, {0, 0, first.size(0)}).Terms(first))
    loss += term.item<double>();
  return loss;
}

SyntheticData Synthesize(const SynthesisContext& context, const IntraqSettings& settings) {
  RequireBatchNorms(context.teacher.graph, "intraq");
  SyntheticData data =
      SynthesizeInBatches(context, "intraq", settings.pixels.batches,
                          [&](const SynthesisContext& own, const ImageBatch& batch) {
                            return std::make_unique<Distillation>(own, settings, batch);
                          });
  data.labels = UniformLabels(context.random, context.teacher.classes, 0, data.images.size(0));
  data.metrics["final_loss"] = FinalLoss(context, settings, data.images);
  return data;
}

const char* const kCode = "authors' code, distill_data.py";

Params<IntraqSettings> ViewParams() {
  return {
      Bind(
          &IntraqSettings::reinforcement,
          FractionParam("reinforcement", 0.5,
                        "share of the iterations that see random views of the images (local object "
                        "reinforcement)",
                        kCode)),
      Bind(&IntraqSettings::coin_each_image,
           {.name = "coin",
            .default_value = "batch",
            .meaning = "what a coin decides between views and whole images for: batch: all images "
                       "of an iteration; image: each",
            .source = "code: one coin an iteration; paper: recalled",
            .variants = {{"code", "batch"}, {"paper", "image"}}},
           {{"batch", false}, {"image", true}}),
      Bind(&IntraqSettings::eta,
           FractionParam("eta", 0.5, "smallest share of the area that a view shows (η)",
                         "authors' scripts: 0.5 for CIFAR-10, CIFAR-100 and ImageNet")),
      Bind(&IntraqSettings::flip,
           FractionParam("flip", 0.5, "share of the views that are mirrored", kCode))};
}

Params<IntraqSettings> LossParams() {
  return {
      Bind(&IntraqSettings::lambda_lower,
           {.name = "lambda_lower",
            .default_value = 0.05,
            .meaning =
                "λ_l: smallest distance (1 − cosine) of an image's features from its class's mean",
            .source = "authors' scripts: CIFAR-10 0.05, CIFAR-100 0.02, ImageNet 0 (off); paper "
                      "for ImageNet: 0.3 (recalled)",
            .min = 0,
            .max = 2}),
      Bind(&IntraqSettings::lambda_upper,
           {.name = "lambda_upper",
            .default_value = 0.8,
            .meaning = "λ_u: largest such distance",
            .source = "authors' scripts: CIFAR-10 0.8, CIFAR-100 1.0, ImageNet 2 (off); paper for "
                      "ImageNet: 0.8 (recalled)",
            .min = 0,
            .max = 2}),
      Bind(&IntraqSettings::epsilon,
           FractionParam("epsilon", 0.95, "ε: smallest soft target of a label's probability",
                         "authors' scripts: CIFAR-10 0.95, CIFAR-100 0.6, ImageNet 1 (hard); paper "
                         "for ImageNet: 0.9 (recalled)")),
      Bind(&IntraqSettings::hard_targets,
           FractionParam("hard_targets", 0.5, "share of the images whose target is 1", kCode))};
}

}  // namespace

Params<IntraqSettings> IntraqParams() {
  return {
      Part(&IntraqSettings::pixels,
           PixelParams(
               {.images = "paper, experiments", .iterations = kCode, .lr = kCode, .plateau = kCode},
               {.images = {5120, 256, 8},
                .batch = {256, 128, 4},
                .iterations = {1000, 250, 3},
                .patience = 50})),
      ViewParams(), LossParams()};
}

namespace {

const RegisterSynthesizer kIntraq{
    {.name = "intraq",
     .summary = "labelled images with matching batch-norm statistics that differ within a class: "
                "random views, margins to the class's mean, soft targets",
     .paper = "IntraQ (Zhong et al., CVPR 2022)",
     .revision = 2,
     .uses_seed = true,
     .limits = {NeedsBatchNorms()},
     .facts = MethodFacts{.labels = std::vector<Condition>{}}},
    IntraqParams(),
    Synthesize};

}  // namespace
}  // namespace zerosweep
