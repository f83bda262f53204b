#include "reports/compare/replay_report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <tuple>

#include "base/text.h"
#include "reports/leaderboard/leaderboard.h"
#include "reports/leaderboard/settings.h"
#include "storage/artifacts/artifact_store.h"

namespace zerosweep {
namespace {

constexpr size_t kShownDigest = 12;
// Tolerance for percentages of the same counts, which may differ in their last bits.
constexpr double kRounding = 1e-9;

bool Same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

// A recorded metric that no longer exists becomes NaN; new metrics are ignored.
std::vector<MetricPair> DifferingMetrics(const RecordedStage& recorded, const RecordedStage& now) {
  std::vector<MetricPair> differing;
  for (const auto& [name, value] : recorded.metrics) {
    const auto duplicate = now.metrics.find(name);
    const double after = duplicate == now.metrics.end() ? std::nan("") : duplicate->second;
    if (!Same(value, after)) differing.push_back({name, value, after});
  }
  return differing;
}

ReplayedStage CompareStage(const StageRow& row, const RecordedStage& recorded,
                           const ArtifactStore& recorded_store, const RecordedStage& now,
                           const ArtifactStore& store) {
  ReplayedStage stage{.kind = row.design->kind,
                      .implementation = row.design->implementation,
                      .stage = row.name,
                      .recorded = recorded.artifact,
                      .now = now.artifact,
                      .error = now.error,
                      .metrics = DifferingMetrics(recorded, now),
                      .recorded_seconds = recorded.seconds,
                      .seconds = now.seconds};
  if (now.state != State::kDone || recorded.artifact == now.artifact) return stage;
  const auto ours = recorded_store.Find(recorded.artifact), theirs = store.Find(now.artifact);
  // A record whose files are lost or damaged still has its digest and metrics.
  if (ours && theirs && DefectOf(*ours, recorded.artifact).empty())
    stage.difference = CompareArtifacts(*ours, *theirs);
  return stage;
}

std::string FactText(const Json& fact) {
  return fact.is_null() ? "not recorded" : ShownValue(fact);
}

// Adds what differs between the signatures of the attempts; once if several stages share it.
void AddSignatureChanges(const RecordedTrial& recorded, const RecordedTrial& now,
                         std::vector<Change>& changes) {
  std::map<std::tuple<std::string, std::string, std::string>, std::vector<std::string>> kinds;
  size_t computed = 0;
  for (size_t i = 0; i < recorded.stages.size(); ++i) {
    if (now.results[i].state != State::kDone) continue;
    ++computed;
    const Json& before = recorded.results[i].signature;
    const Json& after = now.results[i].signature;
    Json names = before;
    names.update(after);
    for (const auto& [fact, any] : names.items()) {
      const Json was = before.value(fact, Json()), is = after.value(fact, Json());
      if (was != is)
        kinds[{fact, FactText(was), FactText(is)}].push_back(recorded.stages[i].design->kind);
    }
  }
  for (const auto& [change, stages] : kinds) {
    const auto& [fact, was, is] = change;
    const std::string what = fact == "revision" ? "zerosweep" : fact;
    changes.push_back(
        {stages.size() == computed ? what : what + " of " + Join(stages, ", "), was, is});
  }
}

ReplayVerdict VerdictOf(const ReplayReport& report, const RecordedTrial& now) {
  if (now.state != State::kDone) return ReplayVerdict::kFailed;
  if (std::all_of(report.stages.begin(), report.stages.end(),
                  [](const ReplayedStage& stage) { return stage.identical(); }))
    return ReplayVerdict::kBitIdentical;
  for (const MetricPair& metric : report.metrics) {
    if (metric.name != report.score) continue;
    const bool near = Same(metric.recorded, metric.now) ||
                      std::abs(metric.now - metric.recorded) <= report.tolerance + kRounding;
    return near ? ReplayVerdict::kEqual : ReplayVerdict::kDifferent;
  }
  return ReplayVerdict::kDifferent;
}

// "top1 -0.2 (90.1, was 90.3)".
std::string MetricText(const MetricPair& metric) {
  return fmt::format("{} {:+.6g} ({:.8g}, was {:.8g})", metric.name, metric.now - metric.recorded,
                     metric.now, metric.recorded);
}

std::string TensorText(const ArtifactDifference& difference) {
  std::string text;
  if (difference.differing > 0)
    text = fmt::format("{} of {} tensors differ, by {:.3g} at most ({})", difference.differing,
                       difference.tensors, difference.largest, difference.largest_in);
  if (!difference.unlike.empty())
    text += fmt::format("{}{} of other form ({})", text.empty() ? "" : ", ",
                        difference.unlike.size(), difference.unlike.front());
  return text.empty() ? "other bytes in " + Join(difference.files, ", ") : text;
}

std::string DifferenceText(const ReplayedStage& stage) {
  if (stage.now.empty()) return stage.error.empty() ? "not computed" : stage.error;
  std::vector<std::string> parts;
  if (stage.difference) parts.push_back(TensorText(*stage.difference));
  if (!stage.difference && stage.recorded != stage.now)
    parts.emplace_back("other bytes; the recorded artifact is not whole any more");
  for (const MetricPair& metric : stage.metrics) parts.push_back(MetricText(metric));
  return Join(parts, "; ");
}

Json NumberOrNull(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json ToJson(const std::vector<MetricPair>& metrics) {
  Json list = Json::array();
  for (const MetricPair& metric : metrics)
    list.push_back({{"name", metric.name},
                    {"recorded", NumberOrNull(metric.recorded)},
                    {"now", NumberOrNull(metric.now)},
                    {"difference", NumberOrNull(std::abs(metric.now - metric.recorded))}});
  return list;
}

// Null if the artifacts are equal or cannot be compared.
Json ToJson(const std::optional<ArtifactDifference>& difference) {
  if (!difference) return nullptr;
  return {{"files", difference->files},           {"tensors", difference->tensors},
          {"differing", difference->differing},   {"largest", NumberOrNull(difference->largest)},
          {"largest_in", difference->largest_in}, {"unlike", difference->unlike}};
}

// By how much the metrics and the quantized network differ.
std::string ByHowMuch(const ReplayReport& report) {
  std::vector<std::string> parts;
  for (const MetricPair& metric : report.metrics) {
    parts.push_back(Same(metric.recorded, metric.now)
                        ? metric.name + " is the same"
                        : fmt::format("{} differs by {:.6g} ({:.8g}, was {:.8g})", metric.name,
                                      std::abs(metric.now - metric.recorded), metric.now,
                                      metric.recorded));
  }
  for (const ReplayedStage& stage : report.stages) {
    if (stage.kind != "quantize") continue;
    if (stage.difference)
      parts.push_back("in the quantized network " + TensorText(*stage.difference));
    if (stage.recorded == stage.now) parts.emplace_back("the quantized network is bit-identical");
  }
  return Join(parts, "; ");
}

}  // namespace

const char* ToString(ReplayVerdict verdict) {
  constexpr std::array kVerdicts = {"bit-identical", "equal", "different", "failed"};
  return kVerdicts.at(static_cast<size_t>(verdict));
}

ReplayReport CompareReplay(const RecordedTrial& recorded, const Home& recorded_home,
                           const RecordedTrial& now, const Home& home, std::vector<Change> changes,
                           double tolerance) {
  const ArtifactStore recorded_store(recorded_home), store(home);
  ReplayReport report;
  report.trial = recorded.trial.id;
  report.tolerance = tolerance;
  report.changes = std::move(changes);
  RecordedTrial aligned = now;  // in the order of the record
  for (size_t i = 0; i < recorded.stages.size(); ++i) {
    const RecordedStage& result = now.results[now.IndexOf(recorded.stages[i].design->kind)];
    aligned.results[i] = result;
    report.stages.push_back(
        CompareStage(recorded.stages[i], recorded.results[i], recorded_store, result, store));
  }
  const size_t evaluate = recorded.IndexOf("evaluate");
  const auto& before = recorded.results[evaluate].metrics;
  const auto& after = aligned.results[evaluate].metrics;
  const auto score = std::find_if(kScores.begin(), kScores.end(),
                                  [&](const char* name) { return before.contains(name); });
  if (score != kScores.end()) report.score = *score;
  for (const char* name : {"top1", "loss", "agreement", "iou", "cosine", "kl", "sqnr"})
    if (before.contains(name) && after.contains(name))
      report.metrics.push_back({name, before.at(name), after.at(name)});
  AddSignatureChanges(recorded, aligned, report.changes);
  report.verdict = VerdictOf(report, now);
  return report;
}

Table ReplayTable(const ReplayReport& report) {
  Table table;
  table.columns = {"kind",      "implementation",   "stage",   "recorded",   "now",
                   "identical", "recorded_seconds", "seconds", "differences"};
  for (const ReplayedStage& stage : report.stages) {
    table.rows.push_back({stage.kind, stage.implementation, stage.stage.substr(0, kShownDigest),
                          stage.recorded.substr(0, kShownDigest),
                          stage.now.empty() ? Json() : Json(stage.now.substr(0, kShownDigest)),
                          stage.identical() ? "yes" : "no", stage.recorded_seconds,
                          stage.now.empty() ? Json() : Json(stage.seconds), DifferenceText(stage)});
  }
  return table;
}

Json ReplayJson(const ReplayReport& report) {
  Json json = {{"trial", report.trial},         {"verdict", ToString(report.verdict)},
               {"tolerance", report.tolerance}, {"metrics", ToJson(report.metrics)},
               {"changes", report.changes},     {"stages", Json::array()}};
  for (const ReplayedStage& stage : report.stages)
    json["stages"].push_back({{"kind", stage.kind},
                              {"implementation", stage.implementation},
                              {"stage", stage.stage},
                              {"recorded", stage.recorded},
                              {"now", stage.now.empty() ? Json() : Json(stage.now)},
                              {"identical", stage.identical()},
                              {"recorded_seconds", stage.recorded_seconds},
                              {"seconds", stage.now.empty() ? Json() : Json(stage.seconds)},
                              {"error", stage.error.empty() ? Json() : Json(stage.error)},
                              {"metrics", ToJson(stage.metrics)},
                              {"artifact", ToJson(stage.difference)}});
  return json;
}

std::string ReplaySentences(const ReplayReport& report) {
  const auto failed = std::find_if(report.stages.begin(), report.stages.end(),
                                   [](const ReplayedStage& stage) { return stage.now.empty(); });
  std::string text = ToString(report.verdict);
  switch (report.verdict) {
    case ReplayVerdict::kBitIdentical:
      text += fmt::format(": all {} stages made the recorded bytes", report.stages.size());
      break;
    case ReplayVerdict::kEqual:
      text += fmt::format(" within {:g} points of {}: {}", report.tolerance,
                          report.score == "top1" ? "top-1" : report.score, ByHowMuch(report));
      break;
    case ReplayVerdict::kDifferent:
      text += ": " + ByHowMuch(report);
      break;
    case ReplayVerdict::kFailed:
      text += failed == report.stages.end() ? "" : ": " + failed->kind + ": " + failed->error;
      break;
  }
  text += "\n";
  if (report.changes.empty()) {
    if (report.verdict != ReplayVerdict::kBitIdentical)
      text += "nothing that is recorded of the environment has changed\n";
    return text;
  }
  text += "changed since:\n";
  for (const Change& change : report.changes)
    text += fmt::format("  {}: {}, was {}\n", change.what, change.now, change.recorded);
  return text;
}

}  // namespace zerosweep
