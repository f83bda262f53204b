// Recovers artifacts that an earlier coordinator published but did not commit.
#pragma once

#include "storage/artifacts/artifact_store.h"
#include "storage/results/results.h"
#include "sweeps/plan/plan.h"

namespace zerosweep {

// Commits every published artifact whose stage is still open and whose inputs are done. Returns the
// number of these. `statuses` holds the database's statuses of the plan's stages and is kept up to
// date. REQUIRES: the plan's stages are in the database and no other attempt runs.
int AdoptPublished(const ArtifactStore& store, const Plan& plan, ResultsWriter& writer,
                   std::vector<StageStatus>& statuses);

}  // namespace zerosweep
