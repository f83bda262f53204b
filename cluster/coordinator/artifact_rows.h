// The database rows of published artifacts.
#pragma once

#include "storage/artifacts/artifact_store.h"
#include "storage/results/results.h"
#include "sweeps/plan/plan.h"

namespace zerosweep {

// `correct.bin` (one bit per image, least significant bit first; the metric `images` counts them)
// becomes the stage's per-image correctness; `curve.json` ({"term": {"x": […], "y": […]}}) becomes
// its curves. Malformed files are skipped with a warning: the result itself stays valid.
void AddExtras(const ArtifactStore& store, const Published& published, ResultsWriter& writer);

// After a restart: commits every published artifact whose stage is still open and whose inputs are
// done. Returns the number of these. `statuses` holds the database's statuses of the plan's stages
// and is kept up to date. REQUIRES: the plan's stages are in the database and no other attempt
// runs.
int AdoptPublished(const ArtifactStore& store, const Plan& plan, ResultsWriter& writer,
                   std::vector<StageStatus>& statuses);

}  // namespace zerosweep
