// Plans to compute a recorded trial again, or to evaluate it in another form, with what is there
// now: the revisions of this zerosweep's catalogue, and the data and weights of this machine.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "storage/results/recorded_trial.h"
#include "sweeps/plan/plan.h"

namespace zerosweep {

struct ReplayPlan {
  Plan plan;  // of that trial alone; its stages have the indices of the recorded ones
  std::vector<Change> changes;  // of revisions, weights and data. With any, names differ too
};

// Looks for weights and data where they were, in `options.data`, and where shipped models and Debian's
// packages lie. Prefers files with the recorded digest. Writes nothing. Throws kStorage when some
// are not found, kCluster when the catalogue no longer has an implementation, and kUsage when
// `options.data` is not a folder.
ReplayPlan PlanReplay(const RecordedTrial& recorded, const PlanOptions& options,
                      const Catalogue& catalogue);

// Plans to evaluate a recorded trial's network in the exported form (docs/protocol.md). Its other
// stages are as they are recorded. Looks for test images likewise, and throws likewise.
Plan PlanExportedForm(const RecordedTrial& recorded, const PlanOptions& options,
                      const Catalogue& catalogue);

}  // namespace zerosweep
