// evaluate: top-1 of a quantized network on the test split, and of its snapshots. Artifact:
// correct.bin (one bit per image) and predictions.bin, both for the trained network.
#include <limits>
#include <list>
#include <optional>
#include <utility>

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

struct EvaluateSettings {
  int64_t limit = 0;  // images; 0: all
  bool integer = false;
};

// A network and how its logits are computed.
class Measured {
 public:
  Measured(QuantizedNetwork network, bool integer) : network_(std::move(network)) {
    if (integer) integers_.emplace(network_);
  }
  Measured(const Measured&) = delete;
  Measured& operator=(const Measured&) = delete;

  torch::Tensor Forward(const torch::Tensor& x) const {
    return integers_ ? integers_->Forward(x) : network_.Forward(x);
  }

 private:
  const QuantizedNetwork network_;
  std::optional<IntegerNetwork> integers_;
};

// Adds the metrics of a trained network's snapshots, from their evaluations: the state before
// training (untrained_top1), the best state on the test images (best_top1: what many papers report,
// never ranked), and the state with the best score on images held out of the training
// (heldout_top1).
void AddSnapshots(const std::vector<Snapshot>& snapshots, const std::vector<Evaluation>& results,
                  std::map<std::string, double>& metrics) {
  double lowest_loss = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < snapshots.size(); ++i) {
    const auto step = static_cast<double>(snapshots[i].step);
    const double top1 = results[i].top1_percent();
    if (snapshots[i].step == 0) metrics["untrained_top1"] = top1;
    if (snapshots[i].step == 0 && snapshots.size() > 1) continue;
    if (!metrics.contains("best_top1") || top1 > metrics["best_top1"]) {
      metrics["best_top1"] = top1;
      metrics["best_step"] = step;
    }
    if (snapshots[i].heldout_loss && *snapshots[i].heldout_loss < lowest_loss) {
      lowest_loss = *snapshots[i].heldout_loss;
      metrics["heldout_top1"] = top1;
      metrics["heldout_step"] = step;
    }
  }
}

StageMetrics RunEvaluate(const StageContext& context, const EvaluateSettings& settings) {
  const Teacher teacher = LoadTeacher(context.Input("teacher"), context.device);
  const QuantizedNetwork network = QuantizedNetwork::Load(teacher, context.Input("quantized"));
  const std::vector<Snapshot> snapshots = LoadSnapshots(context.Input("quantized"));
  // The snapshots, of which the last is the network itself. They are in memory together, so that
  // every image is read once.
  std::list<Measured> networks;
  for (size_t i = 0; i + 1 < snapshots.size(); ++i) {
    QuantizedNetwork then = network;
    then.LoadState(snapshots[i].state);
    networks.emplace_back(std::move(then), settings.integer);
  }
  networks.emplace_back(network, settings.integer);
  std::vector<Forward> forwards;
  for (const Measured& one : networks)
    forwards.push_back([&](const torch::Tensor& x) { return one.Forward(x); });
  const std::vector<Evaluation> results = MeasureAccuracies(
      forwards, context.LoadSplit("test"), teacher, settings.limit, context.progress);

  const Evaluation& result = results.back();
  WriteFileDurably(context.staging / "correct.bin", PackBits(result.correct));
  SavePredictions(result.predictions, context.staging);
  StageMetrics metrics = {
      {"top1", result.top1_percent()},
      {"loss", result.loss},
      {"agreement", Agreement(result.predictions, LoadPredictions(context.Input("teacher")))},
      {"images", static_cast<double>(result.predictions.numel())}};
  AddSnapshots(snapshots, results, metrics);
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
