// Published artifacts that nothing refers to.
#pragma once

#include <vector>

#include "storage/artifacts/artifact_store.h"
#include "storage/results/sqlite.h"

namespace zerosweep {

// Artifacts that no row names and that the next start will not adopt, because their stage is
// unknown, done with another artifact, or failed.
std::vector<Published> Orphans(const Home& home, Database& database);

}  // namespace zerosweep
