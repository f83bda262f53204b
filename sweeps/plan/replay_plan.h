// A recorded trial as a plan to be computed again, by what is there now: the revisions of this
// zerosweep's catalogue, the data and weights of this machine.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "storage/results/recorded_trial.h"
#include "sweeps/plan/plan.h"

namespace zerosweep {

struct ReplayOptions {
  std::string data;  // the folder that is looked in first ($ZEROSWEEP_DATA); may be empty
  std::vector<std::filesystem::path> model_folders;  // where shipped models lie
  int threads = 0;                                   // of every stage; 0: as recorded
  Home home;                                         // its digest cache is read
  ReadingProgress reading;                           // may be empty
};

struct ReplayPlan {
  Plan plan;  // of that trial alone; its stages are at the places of the recorded ones
  std::vector<Change> changes;  // of revisions, weights and data. With any, names differ too
};

// Weights and data are looked for where they were, in `data`, and where shipped models and Debian's
// packages lie; what has the recorded digest is taken first. Writes nothing. Throws kStorage when
// some are nowhere, kCluster when the catalogue has no such implementation any more, kUsage when
// `data` is no folder.
ReplayPlan PlanReplay(const RecordedTrial& recorded, const ReplayOptions& options,
                      const Catalogue& catalogue);

}  // namespace zerosweep
