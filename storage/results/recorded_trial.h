// A trial as the database records it: the rows to compute it again, and its results.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "storage/results/results.h"

namespace zerosweep {

// The outcome of a stage.
struct RecordedStage {
  State state = State::kOpen;
  std::string error;     // of a failed stage
  std::string artifact;  // digest; empty unless done
  std::map<std::string, double> metrics;
  // Signature of the attempt that did it, with device ("cuda:3") and threads; empty when unknown.
  Json signature = Json::object();
  double seconds = 0;
};

struct RecordedTrial {
  TrialRow trial;  // its stages are indices into `stages`, and all of them
  State state = State::kOpen;
  // Inputs come before users. A design has the threads of the attempt that did the stage, and the
  // paths of files as they were when it was planned: none after an import.
  std::vector<StageRow> stages;
  std::vector<RecordedStage> results;  // one for each stage

  // The index of the stage of that kind; a trial has at most one. Throws std::out_of_range.
  size_t IndexOf(const std::string& kind) const;
};

// Something that results depend on, as recorded and as it is now.
struct Change {
  std::string what;  // "revision of synthesize zeroq"
  std::string recorded, now;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Change, what, recorded, now)

// Throws kUsage when there is no such trial, and kStorage for rows that are incomplete or whose
// names do not follow from their contents.
RecordedTrial ReadRecordedTrial(const ResultsReader& reader, const std::string& trial);

}  // namespace zerosweep
