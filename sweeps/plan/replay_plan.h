// Plans to compute a recorded trial again with what is there now: the revisions of this zerosweep's
// catalogue, and the data and weights of this machine.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "storage/results/recorded_trial.h"
#include "sweeps/plan/plan.h"

namespace zerosweep {

struct ReplayOptions {
  std::string data;  // the folder searched first ($ZEROSWEEP_DATA); may be empty
  std::vector<std::filesystem::path> model_folders;  // where shipped models lie
  int threads = 0;                                   // of every stage; 0: as recorded
  Home home;                                         // its digest cache is read
  ReadingProgress reading;                           // may be empty
};

struct ReplayPlan {
  Plan plan;  // of that trial alone; its stages have the indices of the recorded ones
  std::vector<Change> changes;  // of revisions, weights and data. With any, names differ too
};

// Looks for weights and data where they were, in `data`, and where shipped models and Debian's
// packages lie. Prefers files with the recorded digest. Writes nothing. Throws kStorage when some
// are not found, kCluster when the catalogue no longer has an implementation, and kUsage when
// `data` is not a folder.
ReplayPlan PlanReplay(const RecordedTrial& recorded, const ReplayOptions& options,
                      const Catalogue& catalogue);

}  // namespace zerosweep
