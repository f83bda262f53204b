// A trial as the database holds it: the rows to compute it again, and what came of them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "storage/results/results.h"

namespace zerosweep {

// What came of a stage.
struct RecordedStage {
  State state = State::kOpen;
  std::string error;     // of a failed one
  std::string artifact;  // digest; empty unless done
  std::map<std::string, double> metrics;
  // Of the attempt that did it: device ("cuda:3") and threads included; empty where none is known.
  Json signature = Json::object();
  double seconds = 0;
};

struct RecordedTrial {
  TrialRow trial;  // its stages are places in `stages`, all of them
  State state = State::kOpen;
  // Inputs before users. Their designs have the threads of the attempt that did them, and the paths
  // of files as they were when they were planned: none after an import.
  std::vector<StageRow> stages;
  std::vector<RecordedStage> results;  // by stage

  // The place of the stage of that kind, of which a trial has one at most. Throws
  // std::out_of_range.
  size_t PlaceOf(const std::string& kind) const;
};

// Something on which results depend, as it was recorded and as it is now.
struct Change {
  std::string what;  // "revision of synthesize zeroq"
  std::string recorded, now;
};

// Throws kUsage when there is no trial of this name, kStorage for rows that are not whole or whose
// names do not follow from what they hold.
RecordedTrial ReadRecordedTrial(const ResultsReader& reader, const std::string& trial);

}  // namespace zerosweep
