// The further database rows that a published artifact brings.
#pragma once

#include "storage/artifacts/artifact_store.h"
#include "storage/results/results.h"

namespace zerosweep {

// `correct.bin` (one bit per image, least significant bit first; the metric `images` counts them)
// becomes the stage's per-image correctness; `curve.json` ({"term": {"x": […], "y": […]}}) becomes
// its curves. Malformed files are skipped with a warning: the result itself stays valid.
void AddExtras(const ArtifactStore& store, const Published& published, ResultsWriter& writer);

}  // namespace zerosweep
