// What else a published artifact brings into the database.
#pragma once

#include "storage/artifacts/artifact_store.h"
#include "storage/results/results.h"

namespace zerosweep {

// `correct.bin` (one bit an image, least significant first; the metric `images` counts them)
// becomes the stage's per-image correctness, `curve.json` ({"term": {"x": […], "y": […]}}) its
// curves. What is malformed is left out with a warning: the result itself stands.
void AddExtras(const ArtifactStore& store, const Published& published, ResultsWriter& writer);

}  // namespace zerosweep
