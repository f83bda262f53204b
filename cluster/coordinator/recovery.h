// What an earlier coordinator left half-way between publishing and committing.
#pragma once

#include "storage/artifacts/artifact_store.h"
#include "storage/results/results.h"
#include "sweeps/plan/plan.h"

namespace zerosweep {

// Commits every published artifact whose stage is still open and whose inputs are done. Returns how
// many. `statuses`, of the plan's stages, are the database's and stay so. REQUIRES: the plan's
// stages are in the database and no other attempt runs.
int AdoptPublished(const ArtifactStore& store, const Plan& plan, ResultsWriter& writer,
                   std::vector<StageStatus>& statuses);

}  // namespace zerosweep
