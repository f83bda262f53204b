// Quantization-aware fine-tuning on a fixed set of images, taught by the full-precision network:
// the student of GDFQ (Xu et al., ECCV 2020) without its generator, as IntraQ (Zhong et al., CVPR
// 2022) trains it too.
//
//   L = α·T²·KL(softmax(t/T) ‖ softmax(s/T)) + CE(s, argmax t)
//
// t: the teacher's logits, s: the student's. GDFQ divides the divergence by images · classes
// ("element"), ClusterQ and FDDA by images ("batch"): a factor of C.
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/error.h"
#include "engine/optim/optimiser.h"
#include "engine/quant/quantizer.h"
#include "engine/quant/student.h"

namespace zerosweep {
namespace {

struct Settings {
  explicit Settings(const Json& params)
      : iterations(params.at("iterations")),
        batch(params.at("batch")),
        calibration(params.at("calibration")),
        warm_up(params.at("warm_up")),
        lr(params.at("lr")),
        weight_decay(params.at("weight_decay")),
        momentum(params.at("momentum")),
        adam(params.at("optimiser") == "adam"),
        schedule(params.at("schedule")),
        temperature(params.at("temperature")),
        distillation(params.at("distillation")),
        by_element(params.at("reduction") == "element"),
        range_lr(params.at("range_lr")),
        range_decay(params.at("range_decay")) {
    if (params.at("weights") == "lsq") ranges.weights = StudentRanges::Weights::kLsq;
    if (params.at("activations") == "lsq") ranges.activations = StudentRanges::Activations::kLsq;
    if (params.at("activations") == "pact") ranges.activations = StudentRanges::Activations::kPact;
    ranges.feed_back = params.at("averages") == "fed_back";
  }

  int64_t iterations, batch, calibration, warm_up;
  double lr, weight_decay, momentum;
  bool adam;
  std::string schedule;
  double temperature, distillation;
  bool by_element;
  double range_lr, range_decay;
  StudentRanges ranges;
};

// Of every learning rate, at a step.
double RateFactor(const Settings& settings, int64_t step) {
  if (step < settings.warm_up)
    return static_cast<double>(step + 1) / static_cast<double>(settings.warm_up);
  const double at = static_cast<double>(step - settings.warm_up);
  const double total = static_cast<double>(settings.iterations - settings.warm_up);
  if (settings.schedule == "cosine") return CosineRate(1, at, total);
  if (settings.schedule == "constant") return 1;
  return std::pow(0.1, std::floor(4 * at / total));  // "step": three of them
}

class Finetuning {
 public:
  explicit Finetuning(const QuantizationContext& context)
      : context_(context),
        settings_(context.params),
        student_(context.teacher, context.protocol, context.fold_batch_norms, context.w_bits,
                 context.a_bits, settings_.ranges),
        optimiser_(MakeOptimiser()),
        batch_(std::min(settings_.batch, context.images.size(0))) {}

  Quantization Run() {
    targets_ = TeacherLogits();
    int64_t first = 0;
    if (const auto state = context_.checkpoints.Restore()) {
      student_.Restore("student.", *state);
      optimiser_.Restore("optimiser.", *state);
      curves_ = CurvesFromState(state->values.at("curves"));
      first = state->values.at("step");
    } else {
      Calibrate();
    }
    for (int64_t step = first; step < settings_.iterations; ++step) {
      context_.checkpoints.Offer(step, [&] { return State(step); });
      Step(step);
    }
    return {student_.Quantized(),
            curves_,
            {{"initial_loss", curves_.empty() ? 0 : curves_.at("loss").first()},
             {"final_loss", curves_.empty() ? 0 : curves_.at("loss").last()}}};
  }

 private:
  Optimiser MakeOptimiser() {
    std::vector<ParameterGroup> groups = {
        {student_.Parameters(), settings_.lr, settings_.weight_decay}};
    if (const auto ranges = student_.RangeParameters(); !ranges.empty())
      groups.push_back({ranges, settings_.range_lr, settings_.range_decay});
    for (const ParameterGroup& group : groups) rates_.push_back(group.lr);
    if (settings_.adam) return Optimiser(groups, AdamSettings{});
    return Optimiser(groups, SgdSettings{settings_.momentum, settings_.momentum > 0});
  }

  torch::Tensor TeacherLogits() const {
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> logits;
    for (int64_t at = 0; at < context_.images.size(0); at += batch_)
      logits.push_back(zerosweep::Run(
          context_.teacher.graph,
          context_.images.slice(0, at, std::min(at + batch_, context_.images.size(0)))));
    return torch::cat(logits);
  }

  // The images of a step: epoch after epoch, each in an order of its own; what does not fill a
  // batch is left out.
  torch::Tensor Indices(int64_t step, const char* purpose) const {
    const int64_t images = context_.images.size(0);
    const int64_t steps = images / batch_;
    return context_.random
        .Permutation(static_cast<uint64_t>(step / steps), purpose, static_cast<uint32_t>(images))
        .slice(0, step % steps * batch_, (step % steps + 1) * batch_)
        .to(context_.images.device());
  }

  void Calibrate() {
    for (int64_t i = 0; i < settings_.calibration; ++i)
      student_.Calibrate(context_.images.index_select(0, Indices(i, "calibration")));
  }

  void Step(int64_t step) {
    const torch::Tensor indices = Indices(step, "shuffle");
    const torch::Tensor target = targets_.index_select(0, indices);
    const torch::Tensor logits = student_.Forward(context_.images.index_select(0, indices));
    const double t = settings_.temperature;
    const torch::Tensor log_target = torch::log_softmax(target / t, 1);
    torch::Tensor divergence =
        (log_target.exp() * (log_target - torch::log_softmax(logits / t, 1))).sum() /
        static_cast<double>(batch_);
    if (settings_.by_element) divergence = divergence / static_cast<double>(logits.size(1));
    divergence = settings_.distillation * t * t * divergence;
    const torch::Tensor cross_entropy = at::cross_entropy_loss(logits, target.argmax(1));
    const torch::Tensor loss = divergence + cross_entropy;
    for (size_t group = 0; group < rates_.size(); ++group)
      optimiser_.SetLearningRate(group, RateFactor(settings_, step) * rates_[group]);
    optimiser_.ZeroGrad();
    loss.backward();
    optimiser_.Step();
    Note(step, loss.item<double>(), divergence.item<double>(), cross_entropy.item<double>());
  }

  void Note(int64_t step, double loss, double divergence, double cross_entropy) {
    if (!std::isfinite(loss)) {
      throw Error(ErrorKind::kTrial,
                  fmt::format("fine-tuning: the loss became {} in iteration {}: lower the learning "
                              "rate ({})",
                              loss, step, settings_.lr),
                  "non_finite");
    }
    curves_["loss"].Add(loss);
    curves_["distillation"].Add(divergence);
    curves_["cross_entropy"].Add(cross_entropy);
    context_.progress.Report(static_cast<double>(step + 1),
                             static_cast<double>(settings_.iterations), "iterations",
                             fmt::format("loss {:.3g}", loss));
  }

  CheckpointState State(int64_t step) const {
    CheckpointState state;
    student_.Save("student.", state);
    optimiser_.Save("optimiser.", state);
    state.values["curves"] = CurvesState(curves_);
    state.values["step"] = step;
    return state;
  }

  const QuantizationContext& context_;
  Settings settings_;
  Student student_;
  std::vector<double> rates_;  // of the optimiser's groups, before the schedule
  Optimiser optimiser_;
  int64_t batch_;
  torch::Tensor targets_;  // the teacher's logits of all images
  Curves curves_;
};

Quantization Quantize(const QuantizationContext& context) { return Finetuning(context).Run(); }

const RegisterQuantizer kFinetune{
    {.role = "quantizer",
     .name = "finetune",
     .summary = "quantization-aware training on the images with straight-through gradients, "
                "distilled from the teacher; batch norms keep their statistics",
     .paper = "GDFQ (Xu et al., ECCV 2020), its student alone",
     .revision = 1,
     .uses_seed = true,
     .params = {{.name = "iterations",
                 .type = "int",
                 .default_value = 79200,
                 .meaning = "steps of the optimiser",
                 .unit = "iterations",
                 .source = "396 epochs of 200 iterations after 4 of warm-up (CIFAR)",
                 .min = 0,
                 .profiles = {{"fast", 1000}, {"smoke", 10}}},
                {.name = "batch",
                 .type = "int",
                 .default_value = 200,
                 .meaning = "images of one step; at most as many as there are",
                 .unit = "images",
                 .source = "200 for CIFAR, 16 for ImageNet",
                 .min = 1,
                 .profiles = {{"fast", 64}, {"smoke", 32}}},
                {.name = "calibration",
                 .type = "int",
                 .default_value = 800,
                 .meaning = "forwards before the training that move the activation ranges",
                 .unit = "iterations",
                 .source = "the first 4 epochs of 200 iterations",
                 .min = 1,
                 .profiles = {{"fast", 50}, {"smoke", 5}}},
                {.name = "optimiser",
                 .type = "choice",
                 .default_value = "sgd",
                 .meaning = "SGD with Nesterov's momentum, or Adam",
                 .choices = {"sgd", "adam"}},
                {.name = "lr",
                 .type = "float",
                 .default_value = 1e-4,
                 .meaning = "learning rate of all parameters",
                 .source = "1e-4 for CIFAR, 1e-6 for ImageNet",
                 .min = 0},
                {.name = "schedule",
                 .type = "choice",
                 .default_value = "step",
                 .meaning = "step: × 0.1 after each quarter; cosine: to 0; constant",
                 .source = "× 0.1 at epochs 100, 200 and 300 of 400",
                 .choices = {"step", "cosine", "constant"}},
                {.name = "warm_up",
                 .type = "int",
                 .default_value = 0,
                 .meaning = "iterations in which the rate grows linearly",
                 .unit = "iterations",
                 .min = 0},
                {.name = "momentum",
                 .type = "float",
                 .default_value = 0.9,
                 .meaning = "of SGD; 0: plain",
                 .min = 0,
                 .max = 1},
                {.name = "weight_decay",
                 .type = "float",
                 .default_value = 1e-4,
                 .meaning = "L2 of all parameters, batch norms and biases included",
                 .min = 0},
                {.name = "temperature",
                 .type = "float",
                 .default_value = 20.0,
                 .meaning = "T of the distillation",
                 .min = 0.1},
                {.name = "distillation",
                 .type = "float",
                 .default_value = 1.0,
                 .meaning = "α, beside the cross-entropy's 1",
                 .source = "1; FDDA: 20",
                 .min = 0},
                {.name = "weights",
                 .type = "choice",
                 .default_value = "minmax",
                 .meaning = "their ranges: minimum and maximum of each output channel at every "
                            "step, or one learned step a layer",
                 .source = "minmax: GDFQ; lsq: Esser et al., ICLR 2020",
                 .choices = {"minmax", "lsq"}},
                {.name = "activations",
                 .type = "choice",
                 .default_value = "minmax",
                 .meaning = "their ranges: moving averages, frozen after the calibration; a "
                            "learned step; a learned upper end (after ReLUs only)",
                 .source = "minmax: GDFQ; lsq: Esser et al., ICLR 2020; pact: Choi et al. 2018",
                 .choices = {"minmax", "lsq", "pact"}},
                {.name = "averages",
                 .type = "choice",
                 .default_value = "clean",
                 .meaning = "moving averages of ranges: without their bias, or with its correction "
                            "fed back, which is far off before some 200 calibrations",
                 .source = "fed_back: the released code of GDFQ, Qimera and ClusterQ",
                 .choices = {"clean", "fed_back"}},
                {.name = "range_lr",
                 .type = "float",
                 .default_value = 1e-4,
                 .meaning = "learning rate of learned ranges, on the same schedule",
                 .min = 0},
                {.name = "range_decay",
                 .type = "float",
                 .default_value = 0.0,
                 .meaning = "L2 of learned ranges; PACT needs it to narrow",
                 .min = 0},
                {.name = "reduction",
                 .type = "choice",
                 .default_value = "element",
                 .meaning = "what the divergence is divided by: images and classes, or images",
                 .source = "element: GDFQ, Qimera; batch: ClusterQ, FDDA",
                 .choices = {"element", "batch"}}}},
    Quantize};

}  // namespace
}  // namespace zerosweep
