// Compares a trial that was computed again with its record, stage by stage, and gives a verdict.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "storage/artifacts/artifact_difference.h"
#include "storage/results/recorded_trial.h"

namespace zerosweep {

enum class ReplayVerdict {
  kBitIdentical,  // every artifact has its recorded digest, every metric its recorded value
  kEqual,         // otherwise, if the score (kScores) is within the tolerance
  kDifferent,
  kFailed,  // it could not be computed this time
};
const char* ToString(ReplayVerdict verdict);  // "bit-identical", "equal", "different", "failed"

struct MetricPair {
  std::string name;
  double recorded = 0, now = 0;
};

struct ReplayedStage {
  std::string kind, implementation;
  std::string stage;          // name as recorded
  std::string recorded, now;  // digests of its artifact; `now` is empty if it was not computed
  std::string error;          // why it was not computed
  std::vector<MetricPair> metrics;               // recorded metrics that differ
  std::optional<ArtifactDifference> difference;  // if digests differ and both artifacts exist
  double recorded_seconds = 0, seconds = 0;

  bool identical() const { return recorded == now && metrics.empty(); }
};

struct ReplayReport {
  std::string trial;
  ReplayVerdict verdict = ReplayVerdict::kFailed;
  double tolerance = 0;               // points of the score
  std::string score;                  // of kScores: what ranks the recorded evaluation
  std::vector<MetricPair> metrics;    // scores and losses, if both have them
  std::vector<ReplayedStage> stages;  // inputs before users
  std::vector<Change> changes;        // of what results depend on; signatures come last
};

// `now`: the same trial computed again in another home. `changes`: those known beforehand. The
// homes hold the artifacts. Throws kStorage and kUsage as CompareArtifacts does.
ReplayReport CompareReplay(const RecordedTrial& recorded, const Home& recorded_home,
                           const RecordedTrial& now, const Home& home, std::vector<Change> changes,
                           double tolerance);

// One row for each stage.
Table ReplayTable(const ReplayReport& report);
// The whole report as one object.
Json ReplayJson(const ReplayReport& report);
// The verdict and the changes, as lines of text.
std::string ReplaySentences(const ReplayReport& report);

}  // namespace zerosweep
