// evaluate: top-1 of a quantized network on the test split, and of its snapshots. Artifact:
// correct.bin (one bit per image) and predictions.bin, both for the trained network.
#include <functional>
#include <limits>
#include <optional>

#include "base/files.h"
#include "engine/quant/integer_network.h"
#include "engine/quant/quantized_network.h"
#include "engine/stages/accuracy.h"
#include "engine/stages/stage_kind.h"
#include "engine/training/snapshots.h"

namespace zerosweep {
namespace {

// Percentage of images on which the two networks choose the same class. The teacher may have seen
// fewer images.
double Agreement(const torch::Tensor& predictions, const torch::Tensor& teacher) {
  const int64_t count = std::min(predictions.numel(), teacher.numel());
  return 100.0 * (predictions.slice(0, 0, count) == teacher.slice(0, 0, count))
                     .to(torch::kFloat64)
                     .mean()
                     .item<double>();
}

// Adds the metrics of a trained network's snapshots to that of its last state, which is the last
// snapshot: the state before training (untrained_top1), the best state on the test images
// (best_top1: what many papers report, never ranked), and the state with the best score on images
// held out of the training (heldout_top1).
void AddSnapshots(const StageContext& context, QuantizedNetwork network, double last_top1,
                  const std::function<double(const QuantizedNetwork&)>& measure,
                  std::map<std::string, double>& metrics) {
  const std::vector<Snapshot> snapshots = LoadSnapshots(context.Input("quantized"));
  double lowest_loss = std::numeric_limits<double>::infinity();
  for (const Snapshot& snapshot : snapshots) {
    double top1 = last_top1;
    if (&snapshot != &snapshots.back()) {
      network.LoadState(snapshot.state);
      top1 = measure(network);
    }
    const auto step = static_cast<double>(snapshot.step);
    if (snapshot.step == 0) metrics["untrained_top1"] = top1;
    if (snapshot.step == 0 && snapshots.size() > 1) continue;
    if (!metrics.contains("best_top1") || top1 > metrics["best_top1"]) {
      metrics["best_top1"] = top1;
      metrics["best_step"] = step;
    }
    if (snapshot.heldout_loss && *snapshot.heldout_loss < lowest_loss) {
      lowest_loss = *snapshot.heldout_loss;
      metrics["heldout_top1"] = top1;
      metrics["heldout_step"] = step;
    }
  }
}

struct EvaluateSettings {
  int64_t limit = 0;  // images; 0: all
  bool integer = false;
};

Evaluation Measure(const QuantizedNetwork& network, const Dataset& test, const Teacher& teacher,
                   const EvaluateSettings& settings, Progress& progress) {
  std::optional<IntegerNetwork> integers;
  if (settings.integer) integers.emplace(network);
  const auto forward = [&](const torch::Tensor& x) {
    return integers ? integers->Forward(x) : network.Forward(x);
  };
  return MeasureAccuracy(forward, test, teacher, settings.limit, progress);
}

StageMetrics RunEvaluate(const StageContext& context, const EvaluateSettings& settings) {
  const Teacher teacher = LoadTeacher(context.Input("teacher"), context.device);
  const QuantizedNetwork network = QuantizedNetwork::Load(teacher, context.Input("quantized"));
  const Dataset test = context.LoadSplit("test");
  const auto measure = [&](const QuantizedNetwork& of) {
    return Measure(of, test, teacher, settings, context.progress);
  };
  const Evaluation result = measure(network);
  WriteFileDurably(context.staging / "correct.bin", PackBits(result.correct));
  SavePredictions(result.predictions, context.staging);
  StageMetrics metrics = {
      {"top1", result.top1_percent()},
      {"loss", result.loss},
      {"agreement", Agreement(result.predictions, LoadPredictions(context.Input("teacher")))},
      {"images", static_cast<double>(result.predictions.numel())}};
  AddSnapshots(
      context, network, result.top1_percent(),
      [&](const QuantizedNetwork& of) { return measure(of).top1_percent(); }, metrics);
  return metrics;
}

std::vector<Limit> IntegerLimits() {
  const Condition wanted = {"param.integer", "is", true};
  return {{{wanted, {"trial.a_bits", "above", kMaxBits}},
           "integer evaluation needs activations of at most 8 bits, and bits gives {trial.a_bits}: "
           "choose fewer, or integer: false"},
          {{wanted, {"trial.w_bits", "above", kMaxBits}},
           "integer evaluation needs weights of at most 8 bits, and bits gives {trial.w_bits}: "
           "choose fewer, or integer: false"},
          {{wanted, {"quantizer.border", "is", "element"}},
           "integer evaluation has no rounding borders by element: set border: channel, or "
           "integer: false"}};
}

Params<EvaluateSettings> EvaluateParams() {
  return {Bind(&EvaluateSettings::limit, {.name = "limit",
                                          .default_value = 0,
                                          .meaning = "test images evaluated; 0: all",
                                          .unit = "images",
                                          .min = 0,
                                          .profiles = {{"smoke", 500}},
                                          .neutral = 0}),
          Bind(&EvaluateSettings::integer,
               {.name = "integer",
                .default_value = false,
                .meaning = "whether layers multiply the codes of weights and activations as 8-bit "
                           "integers, and not their values (on a CPU with VNNI or AMX)",
                .neutral = false})};
}

const RegisterStageKind kEvaluate{
    {.name = "evaluate",
     .summary = "measures the top-1 accuracy of a quantized network on the test split",
     .revision = 1,
     .limits = IntegerLimits(),
     .facts = KindFacts{.presence = KindFacts::Presence::kAlways,
                        .set_by = KindFacts::SetBy::kEvaluate,
                        .reads = {"teacher", "quantized"},
                        .reads_test_images = true,
                        .passes = 1}},
    EvaluateParams(),
    RunEvaluate};

}  // namespace
}  // namespace zerosweep
