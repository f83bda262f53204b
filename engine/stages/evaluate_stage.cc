// evaluate: top-1 of a quantized network on the test split, and of its snapshots; without labels, or
// if asked for, how close its outputs are to the teacher's. Artifact, for the trained network of a
// classifier: correct.bin (one bit per image: right; without labels: the teacher's class) and
// predictions.bin.
#include <limits>
#include <list>
#include <optional>
#include <utility>

#include "base/files.h"
#include "engine/export/exported_network.h"
#include "engine/graph/executor.h"
#include "engine/quant/integer_network.h"
#include "engine/quant/quantized_network.h"
#include "engine/stages/accuracy.h"
#include "engine/stages/stage_kind.h"
#include "engine/training/fidelity.h"
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
  bool exported = false;
  bool fidelity = false;
  double threshold = 0;
};

// A network and how its logits are computed.
class Measured {
 public:
  Measured(QuantizedNetwork network, const EvaluateSettings& settings)
      : network_(std::move(network)) {
    if (settings.integer) integers_.emplace(network_);
    if (settings.exported) exported_.emplace(network_);
  }
  Measured(const Measured&) = delete;
  Measured& operator=(const Measured&) = delete;

  torch::Tensor Forward(const torch::Tensor& x) const {
    return integers_   ? integers_->Forward(x)
           : exported_ ? exported_->Forward(x)
                       : network_.Forward(x);
  }

 private:
  const QuantizedNetwork network_;
  std::optional<IntegerNetwork> integers_;
  std::optional<ExportedNetwork> exported_;
};

// What the networks give for the test images, in their order.
struct Measurements {
  std::vector<Evaluation> evaluations;
  std::vector<Fidelity> fidelities;  // empty unless outputs are compared with the teacher's
  Evaluation of_teacher;             // likewise

  // The metric that ranks the networks, and its value for each.
  std::string Score() const {
    return evaluations.front().is_labelled ? "top1" : fidelities.front().Headline();
  }
  std::vector<double> Scores() const {
    std::vector<double> scores;
    for (size_t i = 0; i < evaluations.size(); ++i) {
      scores.push_back(evaluations[i].is_labelled ? evaluations[i].top1_percent()
                                                  : fidelities[i].Metrics().at(Score()));
    }
    return scores;
  }
};

// Without labels, or if asked for, the teacher runs in the same pass, before the others.
Measurements Measure(const std::list<Measured>& networks, const Dataset& test,
                     const Teacher& teacher, const EvaluateSettings& settings,
                     const StageContext& context) {
  const bool compares = settings.fidelity || !test.is_labelled();
  Measurements measured;
  torch::Tensor targets;  // of the images in hand
  std::vector<Forward> forwards;
  if (compares) {
    measured.fidelities.assign(networks.size(), Fidelity(teacher.output, settings.threshold));
    forwards.push_back([&](const torch::Tensor& x) { return targets = Run(teacher.graph, x); });
  }
  for (const Measured& one : networks) {
    forwards.push_back([&, place = forwards.size()](const torch::Tensor& x) {
      torch::Tensor outputs = one.Forward(x);
      if (compares) measured.fidelities[place - 1].Add(targets, outputs);
      return outputs;
    });
  }
  measured.evaluations =
      MeasureAccuracies(forwards, test, teacher, settings.limit, context.progress);
  if (compares) {
    measured.of_teacher = measured.evaluations.front();
    measured.evaluations.erase(measured.evaluations.begin());
  }
  return measured;
}

// Adds the metrics of a trained network's snapshots, from the values of their score ("top1"): the
// state before training (untrained_top1), the best state on the test images (best_top1: what many
// papers report, never ranked), and the state with the best score on images held out of the training
// (heldout_top1).
void AddSnapshots(const std::vector<Snapshot>& snapshots, const Measurements& measured,
                  StageMetrics& metrics) {
  const std::string score = measured.Score(), best = "best_" + score;
  const std::vector<double> values = measured.Scores();
  double lowest_loss = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < snapshots.size(); ++i) {
    const auto step = static_cast<double>(snapshots[i].step);
    if (snapshots[i].step == 0) metrics["untrained_" + score] = values[i];
    if (snapshots[i].step == 0 && snapshots.size() > 1) continue;
    if (!metrics.contains(best) || values[i] > metrics[best]) {
      metrics[best] = values[i];
      metrics["best_step"] = step;
    }
    if (snapshots[i].heldout_loss && *snapshots[i].heldout_loss < lowest_loss) {
      lowest_loss = *snapshots[i].heldout_loss;
      metrics["heldout_" + score] = values[i];
      metrics["heldout_step"] = step;
    }
  }
}

// The files and metrics of the trained network, the last one.
StageMetrics Record(const Measurements& measured, const Teacher& teacher,
                    const StageContext& context) {
  const Evaluation& result = measured.evaluations.back();
  if (teacher.output == OutputKind::kClasses) {
    const torch::Tensor right =
        result.is_labelled ? result.correct : result.predictions == measured.of_teacher.predictions;
    WriteFileDurably(context.staging / "correct.bin", PackBits(right));
    SavePredictions(result.predictions, context.staging);
  }
  StageMetrics metrics = {{"images", static_cast<double>(result.images)}};
  if (result.is_labelled) {
    metrics["top1"] = result.top1_percent();
    metrics["loss"] = result.loss;
    ImageMean right;
    right.Add(result.correct);
    if (const auto error = right.standard_error()) metrics["score_se"] = 100 * *error;
  }
  if (measured.fidelities.empty()) {
    metrics["agreement"] = Agreement(result.predictions, LoadPredictions(context.Input("teacher")));
  } else {
    metrics.merge(measured.fidelities.back().Metrics());
  }
  return metrics;
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
    networks.emplace_back(std::move(then), settings);
  }
  networks.emplace_back(network, settings);
  const Measurements measured =
      Measure(networks, context.LoadSplit("test"), teacher, settings, context);
  StageMetrics metrics = Record(measured, teacher, context);
  AddSnapshots(snapshots, measured, metrics);
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
           "integer: false"},
          {{wanted, {"param.form", "is", "exported"}},
           "integer evaluation is of the papers' form: leave integer or form out"}};
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
                .neutral = false}),
          Bind(&EvaluateSettings::exported,
               {.name = "form",
                .default_value = "paper",
                .meaning = "paper: the network as papers simulate it; exported: as an ONNX file of "
                           "it says, with folded batch norms and biases in 32-bit integers",
                .neutral = "paper"},
               {{"paper", false}, {"exported", true}}),
          Bind(&EvaluateSettings::fidelity,
               {.name = "fidelity",
                .default_value = false,
                .meaning = "whether outputs are compared with the teacher's (kl, sqnr), which runs "
                           "on the same images; without labels they always are",
                .neutral = false}),
          Bind(&EvaluateSettings::threshold,
               {.name = "threshold",
                .default_value = 0.3,
                .meaning = "value above which a pixel of a dense map of one channel counts as "
                           "found (iou)",
                .source = "Liao et al. 2020, arXiv:1911.08947 (DB), the released code's threshold "
                          "of its map",
                .neutral = 0.3})};
}

const RegisterStageKind kEvaluate{
    {.name = "evaluate",
     .summary = "measures the top-1 accuracy of a quantized network on the test split, or without "
                "labels how close it is to its teacher",
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
