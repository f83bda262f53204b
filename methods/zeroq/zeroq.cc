// ZeroQ: A Novel Zero Shot Quantization Framework (Cai et al., CVPR 2020), distilled data.
// Images are optimised until the statistics of every batch norm's input match its running
// statistics.
#include <torch/types.h>

#include "engine/optim/optimiser.h"
#include "engine/synthesis/batch_norm_statistics.h"
#include "engine/synthesis/batchwise.h"

namespace zerosweep {
namespace {

constexpr double kStdEpsilon =
    1e-6;  // inside every square root, for targets and images alike (code; not BN's own eps)

// ‖μ_b − m‖² + ‖σ_b − s‖², summed over channels, averaged over images.
torch::Tensor StatisticsLoss(const ImageStatistics& images, const torch::Tensor& mean,
                             const torch::Tensor& std) {
  const torch::Tensor sigma = torch::sqrt(images.variance + kStdEpsilon);
  return ((images.mean - mean).square().sum(1) + (sigma - std).square().sum(1)).mean();
}

// L = Σ_l (1/B) Σ_b [‖μ_{b,l} − m_l‖² + ‖σ_{b,l} − s_l‖²] + the same for the image itself against
// mean 0 and std 1 (paper eq. 3; the released distill_data.py takes the statistics of each image,
// not of the batch).
torch::Tensor Loss(const Graph& graph, const torch::Tensor& x) {
  torch::Tensor loss = StatisticsLoss(PerImageStatistics(x, "image"), torch::zeros(1, x.options()),
                                      torch::ones(1, x.options()));
  VisitBatchNormInputs(graph, x, "zeroq", [&](const Node& bn, const torch::Tensor& input) {
    const torch::Tensor target_std = torch::sqrt(bn.parameters.at("running_var") + kStdEpsilon);
    loss = loss + StatisticsLoss(PerImageStatistics(input, bn.name),
                                 bn.parameters.at("running_mean"), target_std);
  });
  return loss;
}

torch::Tensor InitialImages(const SynthesisContext& context, int64_t first, int64_t count) {
  std::vector<int64_t> shape = context.teacher.graph.input_shape;
  shape.insert(shape.begin(), count);
  if (context.params.at("init") == "gaussian") {
    return context.random.NormalForSamples(0, "initial_image", shape, static_cast<uint64_t>(first));
  }
  // Uniform integers 0…254, shifted to zero mean and divided by 5418.75, the variance where the
  // standard deviation was meant: values within ±0.0235 (code).
  torch::Tensor images = torch::empty(shape, torch::kFloat32);
  float* values = images.data_ptr<float>();
  const int64_t each = images.numel() / count;
  for (int64_t i = 0; i < count; ++i) {
    RandomSequence sequence =
        context.random.ForSample(0, "initial_image", static_cast<uint64_t>(first + i));
    for (int64_t j = 0; j < each; ++j)
      *values++ = (static_cast<float>(sequence.Below(255)) - 127.5F) / 5418.75F;
  }
  return images;
}

class Distillation final : public BatchOptimisation {
 public:
  Distillation(const SynthesisContext& context, const ImageBatch& batch)
      : graph_(context.teacher.graph),
        images_(InitialImages(context, batch.first, batch.count)
                    .to(context.teacher.device())
                    .set_requires_grad(true)),
        adam_({{.parameters = {images_}, .lr = context.params.at("lr")}}, AdamSettings{}),
        plateau_({.factor = context.params.at("plateau_factor"),
                  .patience = context.params.at("plateau_patience"),
                  .min_lr = context.params.at("min_lr")}) {}

  std::map<std::string, double> Step(int64_t) override {
    adam_.ZeroGrad();
    const torch::Tensor loss = Loss(graph_, images_);
    loss.backward();
    adam_.Step();
    const auto value = loss.item<double>();
    adam_.SetLearningRate(plateau_.Next(value, adam_.learning_rate()));
    return {{"loss", value}};
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
  const Graph& graph_;
  torch::Tensor images_;
  Optimiser adam_;
  PlateauSchedule plateau_;
};

SyntheticData Synthesize(const SynthesisContext& context) {
  SyntheticData data = SynthesizeInBatches(context, "zeroq", [&](const ImageBatch& batch) {
    return std::make_unique<Distillation>(context, batch);
  });
  const torch::NoGradGuard no_grad;
  const int64_t batch = context.params.at("batch");
  data.metrics["final_loss"] =
      Loss(context.teacher.graph, data.images.slice(0, 0, batch)).item<double>();
  return data;
}

const char* const kCode = "authors' code, classification/distill_data.py";

const RegisterSynthesizer kZeroQ{
    {.role = "synthesizer",
     .name = "zeroq",
     .summary = "images whose batch-norm statistics match the teacher's running statistics",
     .paper = "ZeroQ (Cai et al., CVPR 2020)",
     .revision = 1,
     .uses_seed = true,
     .needs = {"batch_norm"},
     .params = {{.name = "images",
                 .type = "int",
                 .default_value = 64,
                 .meaning = "how many images",
                 .unit = "images",
                 .source = "authors' run.sh",
                 .min = 1,
                 .profiles = {{"paper", 64}, {"fast", 64}, {"smoke", 8}}},
                {.name = "batch",
                 .type = "int",
                 .default_value = 64,
                 .meaning = "images optimised together",
                 .unit = "images",
                 .source = "authors' run.sh",
                 .min = 1,
                 .profiles = {{"paper", 64}, {"fast", 64}, {"smoke", 8}}},
                {.name = "iterations",
                 .type = "int",
                 .default_value = 500,
                 .meaning = "steps of Adam for each batch",
                 .unit = "iterations",
                 .source = kCode,
                 .min = 1,
                 .profiles = {{"paper", 500}, {"fast", 100}, {"smoke", 3}}},
                {.name = "lr",
                 .type = "float",
                 .default_value = 0.5,
                 .meaning = "learning rate of Adam",
                 .source = kCode,
                 .min = 0},
                {.name = "plateau_patience",
                 .type = "int",
                 .default_value = 100,
                 .meaning = "steps without a better loss before the rate falls",
                 .unit = "iterations",
                 .source = kCode,
                 .min = 0},
                {.name = "plateau_factor",
                 .type = "float",
                 .default_value = 0.1,
                 .meaning = "what the rate falls by",
                 .source = kCode,
                 .min = 0,
                 .max = 1},
                {.name = "min_lr",
                 .type = "float",
                 .default_value = 1e-4,
                 .meaning = "lowest learning rate",
                 .source = kCode,
                 .min = 0},
                {.name = "init",
                 .type = "choice",
                 .default_value = "scaled_uniform",
                 .meaning = "scaled_uniform: near-zero noise within ±0.0235; gaussian: N(0, 1)",
                 .source = "code: distill_data.py; paper: section 3.1",
                 .choices = {"scaled_uniform", "gaussian"},
                 .variants = {{"code", "scaled_uniform"}, {"paper", "gaussian"}}}}},
    Synthesize};

}  // namespace
}  // namespace zerosweep
