#include "cli/deploy/exported_form.h"

#include <algorithm>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "cli/reading.h"
#include "cluster/transport/local_transport.h"
#include "reports/leaderboard/leaderboard.h"
#include "storage/artifacts/artifact_store.h"
#include "sweeps/plan/replay_plan.h"
#include "sweeps/values/catalogue.h"

namespace zerosweep {
namespace {

const RecordedStage& EvaluationOf(const RecordedTrial& trial) {
  return trial.results[trial.IndexOf("evaluate")];
}

// The score that ranks an evaluation; empty when it has none.
std::string ScoreOf(const RecordedStage& evaluation) {
  const auto found = std::ranges::find_if(
      kScores, [&](const char* name) { return evaluation.metrics.contains(name); });
  return found == kScores.end() ? "" : *found;
}

std::optional<double> MetricOf(const RecordedStage& stage, const std::string& name) {
  const auto found = stage.metrics.find(name);
  return found == stage.metrics.end() ? std::nullopt : std::optional(found->second);
}

// The classes that it chose (little-endian int32); empty where it has none.
std::string PredictionsOf(const ArtifactStore& store, const RecordedStage& evaluation) {
  const auto folder = store.Find(evaluation.artifact);
  const auto file = folder ? *folder / "predictions.bin" : std::filesystem::path();
  return folder && IsFile(file) ? ReadFile(file) : "";
}

std::optional<double> SameClasses(const std::string& one, const std::string& other) {
  constexpr size_t kBytes = sizeof(int32_t);
  if (one.empty() || one.size() != other.size()) return {};
  size_t same = 0;
  for (size_t at = 0; at < one.size(); at += kBytes)
    same += one.compare(at, kBytes, other, at, kBytes) == 0 ? 1 : 0;
  return 100.0 * static_cast<double>(same * kBytes) / static_cast<double>(one.size());
}

Plan MakePlan(const RecordedTrial& recorded, const SweepArguments& places, const Globals& globals) {
  ProgressDisplay display(DetectDisplay(globals.color, globals.quiet), SystemClock());
  return PlanExportedForm(recorded, PlanOptionsOf(places, globals, display), CompiledCatalogue());
}

const char* Named(const std::string& score) {
  return score == "top1"        ? "top-1"
         : score == "agreement" ? "agreement with full precision"
         : score == "iou"       ? "IoU with full precision"
                                : "cosine with full precision";
}

// In the units of the score.
std::string Shown(const std::string& score, double value) {
  return score == "cosine" ? fmt::format("{:.4f}", value) : fmt::format("{:.2f} %", value);
}

bool IsExported(const RecordedTrial& trial) {
  return trial.stages[trial.IndexOf("evaluate")].design->params.value("form", "paper") ==
         "exported";
}

// The scores of a trial that is done in the exported form.
FormScores ScoresOf(const RecordedTrial& trial) {
  const RecordedStage& evaluation = EvaluationOf(trial);
  FormScores scores{.score = ScoreOf(evaluation)};
  if (scores.score.empty())
    Fail(ErrorKind::kStorage, "trial {:.12} has no score: run `zerosweep fsck`", trial.trial.id);
  scores.exported = *MetricOf(evaluation, scores.score);
  if (scores.score == kScores.front())
    scores.full_precision = MetricOf(trial.results[trial.IndexOf("teacher")], "fp32_top1");
  return scores;
}

}  // namespace

double FormScores::Drop() const {
  if (full_precision) return *full_precision - exported;
  return score == "cosine" ? 100 * (1 - exported) : 100 - exported;
}

FormScores EvaluateExported(const RecordedTrial& recorded, const SweepArguments& places,
                            const RunOptions& run, const Globals& globals) {
  if (IsExported(recorded) && recorded.state == State::kDone) return ScoresOf(recorded);
  const Plan plan = MakePlan(recorded, places, globals);
  LocalTransport transport;
  const Outcome outcome =
      RunSweep(plan, transport, MakeSession(run, globals, globals.home(), plan), SystemClock());
  if (outcome.exit_code == kExitInterrupted)
    FailTrial(Failure::kInterrupted, "interrupted while the exported form was evaluated");
  const ResultsReader reader = OpenResults(globals);
  const RecordedTrial now = ReadRecordedTrial(reader, plan.trials.front().id);
  const RecordedStage& evaluation = EvaluationOf(now);
  if (now.state != State::kDone)
    Fail(ErrorKind::kCluster, "the exported form was not evaluated: {}",
         evaluation.error.empty() ? ToString(now.state) : evaluation.error);
  FormScores scores = ScoresOf(now);
  scores.paper = MetricOf(EvaluationOf(recorded), scores.score);
  const ArtifactStore store(globals.home());
  scores.same =
      SameClasses(PredictionsOf(store, evaluation), PredictionsOf(store, EvaluationOf(recorded)));
  return scores;
}

std::string Sentence(const FormScores& scores) {
  std::string others;
  const auto add = [&](const std::string& what) { others += (others.empty() ? "" : ", ") + what; };
  if (scores.paper) add("form paper " + Shown(scores.score, *scores.paper));
  if (scores.full_precision) add("full precision " + Shown(scores.score, *scores.full_precision));
  if (scores.same)
    others += fmt::format("{}the same class on {:.2f} % of the images", others.empty() ? "" : "; ",
                          *scores.same);
  return fmt::format("{} {}{}", Named(scores.score), Shown(scores.score, scores.exported),
                     others.empty() ? "" : " (" + others + ")");
}

std::string Phrase(const FormScores& scores) {
  const std::string before =
      scores.full_precision ? fmt::format("{:.2f} → ", *scores.full_precision) : "";
  return fmt::format("{} {}{}", Named(scores.score), before, Shown(scores.score, scores.exported));
}

}  // namespace zerosweep
