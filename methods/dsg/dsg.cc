// DSG: Diversifying Sample Generation for Accurate Data-Free Quantization (Zhang et al., CVPR 2021)
// and its extended version (Qin et al., arXiv 2109.00212): ZeroQ's images under slack statistics,
// each with a layer of its own to match more closely; extended: labels, image priors and
// decorrelated images.
#include <torch/types.h>

#include <utility>

#include "engine/optim/optimiser.h"
#include "engine/synthesis/batch_norm_statistics.h"
#include "engine/synthesis/batchwise.h"
#include "methods/dsg/objective.h"

namespace zerosweep {
namespace {

torch::Tensor InitialImages(const SynthesisContext& context, int64_t first, int64_t count) {
  std::vector<int64_t> shape = context.teacher.graph.input_shape;
  shape.insert(shape.begin(), count);
  if (context.params.at("init") == "gaussian") {
    return context.random.NormalForSamples(0, "initial_image", shape, static_cast<uint64_t>(first));
  }
  torch::Tensor images = torch::empty(shape, torch::kFloat32);
  float* values = images.data_ptr<float>();
  const int64_t each = images.numel() / count;
  for (int64_t i = 0; i < count; ++i) {
    RandomSequence sequence =
        context.random.ForSample(0, "initial_image", static_cast<uint64_t>(first + i));
    for (int64_t j = 0; j < each; ++j) *values++ = sequence.Uniform();
  }
  return images;
}

class Distillation final : public BatchOptimisation {
 public:
  Distillation(const SynthesisContext& context, const std::vector<Slack>& slacks,
               const ImageBatch& batch)
      : objective_(context, slacks, batch),
        images_(InitialImages(context, batch.first, batch.count)
                    .contiguous(torch::MemoryFormat::ChannelsLast)
                    .to(context.teacher.device())
                    .set_requires_grad(true)),
        adam_({{.parameters = {images_}, .lr = context.params.at("lr")}}, AdamSettings{}),
        plateau_({.factor = context.params.at("plateau_factor"),
                  .patience = context.params.at("plateau_patience"),
                  .min_lr = context.params.at("min_lr")}) {}

  std::map<std::string, double> Step(int64_t iteration) override {
    adam_.ZeroGrad();
    torch::Tensor loss;
    std::map<std::string, double> values;
    for (const auto& [name, term] : objective_.Terms(images_, iteration)) {
      loss = loss.defined() ? loss + term : term;
      values[name] = term.item<double>();
    }
    loss.backward();
    adam_.Step();
    values["loss"] = loss.item<double>();
    adam_.SetLearningRate(plateau_.Next(values["loss"], adam_.learning_rate()));
    return values;
  }

  torch::Tensor Images() const override { return images_.detach(); }

  void Save(CheckpointState& state) const override {
    adam_.Save("adam", state);
    state.values["plateau"] = plateau_.State();
  }

  void Restore(const CheckpointState& state) override {
    adam_.Restore("adam", state);
    plateau_.Restore(state.values.at("plateau"));
  }

 private:
  DsgObjective objective_;
  torch::Tensor images_;
  Optimiser adam_;
  PlateauSchedule plateau_;
};

SyntheticData Synthesize(const SynthesisContext& context) {
  const Json& params = context.params;
  RequireBatchNorms(context.teacher.graph, "dsg");
  std::vector<Slack> slacks(context.teacher.graph.BatchNorms().size());
  if (params.at("slack").get<bool>()) {
    slacks = GaussianSlacks(context.teacher, params.at("slack_percentile"),
                            params.at("slack_images"), context.random);
  }
  SyntheticData data = SynthesizeInBatches(context, "dsg", [&](const ImageBatch& batch) {
    return std::make_unique<Distillation>(context, slacks, batch);
  });
  if (params.at("ce_weight").get<double>() > 0)
    data.labels = DsgLabels(context, 0, data.images.size(0));
  const torch::NoGradGuard no_grad;
  const torch::Tensor first = data.images.slice(0, 0, params.at("batch").get<int64_t>());
  double loss = 0;
  for (const auto& [name, term] :
       DsgObjective(context, slacks, {0, 0, first.size(0)}).Terms(first, params.at("iterations")))
    loss += term.item<double>();
  data.metrics["final_loss"] = loss;
  return data;
}

const char* const kCode = "authors' code (extended version)";

// A number that both versions have, under the conference version's value; the recipe of the
// extended version sets its own.
ParamSpec Number(const char* name, const char* type, Json value, const char* meaning,
                 const char* source, const char* unit = "", double min = 0) {
  return {.name = name,
          .type = type,
          .default_value = std::move(value),
          .meaning = meaning,
          .unit = unit,
          .source = source,
          .min = min};
}

ParamSpec Budget(const char* name, const char* meaning, const char* unit, const char* source,
                 int64_t paper, int64_t fast, int64_t smoke) {
  ParamSpec spec = Number(name, "int", paper, meaning, source, unit, 1);
  spec.profiles = {{"paper", paper}, {"fast", fast}, {"smoke", smoke}};
  return spec;
}

std::vector<ParamSpec> Params() {
  ParamSpec percentile =
      Number("slack_percentile", "float", 0.9,
             "share of a layer's channels of Gaussian images that the slack lets pass",
             "CVPR 2021 (recalled)");
  percentile.max = 1;
  ParamSpec factor = Number("plateau_factor", "float", 0.1, "what the rate falls by", kCode);
  factor.max = 1;
  return {
      Budget("images", "how many images", "images",
             "README of the authors' code (its default is 40)", 64, 64, 8),
      Budget("batch", "images optimised together", "images",
             "README of the authors' code (its default is 40)", 64, 64, 8),
      Budget("iterations", "steps of Adam for each batch", "iterations", kCode, 500, 100, 3),
      Number("lr", "float", 0.5, "learning rate of Adam",
             "conference: as ZeroQ; extended code: 0.9"),
      Number("plateau_patience", "int", 100, "steps without a better loss before the rate falls",
             "conference: as ZeroQ; extended code: 260", "iterations"),
      factor,
      Number("min_lr", "float", 1e-4, "lowest learning rate", kCode),
      {.name = "init",
       .type = "choice",
       .default_value = "gaussian",
       .meaning = "gaussian: N(0, 1); uniform: U[0, 1), which the code calls Gaussian",
       .source = "code: GaussDataset; paper: recalled",
       .choices = {"gaussian", "uniform"},
       .variants = {{"code", "uniform"}, {"paper", "gaussian"}, {"fixed", "gaussian"}}},
      {.name = "slack",
       .type = "bool",
       .default_value = true,
       .meaning = "let statistics differ from the running ones by a slack (SDA)",
       .source = "CVPR 2021, slack distribution alignment"},
      percentile,
      Budget("slack_images", "Gaussian images that the slacks are measured on", "images",
             "CVPR 2021 (recalled)", 1024, 1024, 16),
      {.name = "lse",
       .type = "choice",
       .default_value = "own_layer",
       .meaning = "layerwise sample enhancement: own_layer: image j weighs 2 at layer j mod L; "
                  "first_20: image j weighs 4 at layer j, for j < 20; none",
       .source = "code: distill_data.py; paper: recalled",
       .choices = {"own_layer", "first_20", "none"},
       .variants = {{"code", "first_20"}, {"paper", "own_layer"}, {"fixed", "own_layer"}}},
      {.name = "sci",
       .type = "choice",
       .default_value = "decorrelation",
       .meaning = "form of sample correlation inhibition: decorrelation: mean squared cosine "
                  "between images; none: as released, where the term has no gradient",
       .source = "code: detached eigenvalues; paper: arXiv 2109.00212, our differentiable reading",
       .choices = {"decorrelation", "none"},
       .variants = {{"code", "none"}, {"paper", "decorrelation"}, {"fixed", "decorrelation"}}},
      Number("sci_weight", "float", 0, "weight of that term, over the number of batch norms",
             "extended version: 1; conference: 0"),
      Number("ce_weight", "float", 0, "weight of the cross-entropy to random labels",
             "extended code: 2; conference: 0"),
      Number("tv_weight", "float", 0, "weight of the total variation",
             "extended code: 0.01; conference: 0"),
      Number("l2_weight", "float", 0, "weight of the images' mean norm",
             "extended code: 0.01; conference: 0"),
  };
}

const RegisterSynthesizer kDsg{
    {.role = "synthesizer",
     .name = "dsg",
     .summary = "ZeroQ's images with slack in the statistics and a layer of its own for each image",
     .paper = "DSG (Zhang et al., CVPR 2021); extended: Qin et al., arXiv 2109.00212",
     .revision = 1,
     .uses_seed = true,
     .needs = {"batch_norm"},
     .params = Params()},
    Synthesize};

}  // namespace
}  // namespace zerosweep
