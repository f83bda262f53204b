// ZeroQ: A Novel Zero Shot Quantization Framework (Cai et al., CVPR 2020), distilled data.
// Images are optimised until the statistics of every batch norm's input match its running
// statistics.
#include <torch/types.h>

#include <cmath>
#include <optional>
#include <utility>

#include "engine/optim/optimiser.h"
#include "engine/synthesis/batch_norm_statistics.h"
#include "engine/synthesis/synthesizer.h"

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

// Where the optimisation of all batches stands.
struct Distillation {
  int64_t batch = 0;      // that is being optimised
  int64_t iteration = 0;  // of it
  std::vector<torch::Tensor> finished;
  Curves curves;
};

CheckpointState Save(const Distillation& work, const Optimiser& adam,
                     const PlateauSchedule& plateau) {
  CheckpointState state;
  state.values = {{"batch", work.batch},
                  {"iteration", work.iteration},
                  {"plateau", plateau.State()},
                  {"curves", CurvesState(work.curves)}};
  if (!work.finished.empty()) state.tensors["finished"] = torch::cat(work.finished);
  adam.Save("adam", state);
  return state;
}

// Optimises images `start` of batch `work.batch`; begins at `resume`, if given.
torch::Tensor OptimiseBatch(const SynthesisContext& context, torch::Tensor start, int64_t batches,
                            Distillation& work, const CheckpointState* resume) {
  const Json& params = context.params;
  const int64_t iterations = params.at("iterations");
  const torch::Tensor images = std::move(start).set_requires_grad(true);
  Optimiser adam({{.parameters = {images}, .lr = params.at("lr")}}, AdamSettings{});
  PlateauSchedule plateau({.factor = params.at("plateau_factor"),
                           .patience = params.at("plateau_patience"),
                           .min_lr = params.at("min_lr")});
  if (resume != nullptr) {
    adam.Restore("adam", *resume);
    plateau.Restore(resume->values.at("plateau"));
  }
  while (work.iteration < iterations) {
    adam.ZeroGrad();
    const torch::Tensor loss = Loss(context.teacher.graph, images);
    loss.backward();
    adam.Step();
    const auto value = loss.item<double>();
    if (!std::isfinite(value)) {
      throw Error(ErrorKind::kTrial,
                  fmt::format("zeroq: the loss is {} at iteration {}", value, work.iteration),
                  "non_finite");
    }
    adam.SetLearningRate(plateau.Next(value, adam.learning_rate()));
    if (work.batch == 0) work.curves["loss"].Add(value);
    ++work.iteration;
    const int64_t step = work.batch * iterations + work.iteration;
    context.progress.Report(static_cast<double>(step), static_cast<double>(batches * iterations),
                            "iterations", fmt::format("loss {:.4g}", value));
    context.checkpoints.Offer(step, [&] { return Save(work, adam, plateau); });
  }
  return images.detach();
}

SyntheticData Synthesize(const SynthesisContext& context) {
  const int64_t total = context.params.at("images");
  const int64_t batch = context.params.at("batch");
  const int64_t batches = (total + batch - 1) / batch;
  std::optional<CheckpointState> resume = context.checkpoints.Restore();
  Distillation work;
  if (resume) {
    work.batch = resume->values.at("batch");
    work.iteration = resume->values.at("iteration");
    work.curves = CurvesFromState(resume->values.at("curves"));
    if (work.batch > 0)
      work.finished.push_back(resume->tensors.at("finished").to(context.teacher.device()));
  }
  for (; work.batch < batches; ++work.batch, work.iteration = 0) {
    const int64_t first = work.batch * batch;
    torch::Tensor start = InitialImages(context, first, std::min(batch, total - first));
    work.finished.push_back(OptimiseBatch(context, start.to(context.teacher.device()), batches,
                                          work, resume ? &*resume : nullptr));
    resume.reset();
  }
  SyntheticData data;
  data.images = torch::cat(work.finished);
  data.curves = std::move(work.curves);
  const torch::NoGradGuard no_grad;
  data.metrics["initial_loss"] = data.curves["loss"].first();
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
