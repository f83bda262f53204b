// Removes what a home no longer needs: interrupted staging, artifacts that no stage will ever
// claim, checkpoints of stages that will not resume, left-over temporary files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "storage/artifacts/artifact_store.h"
#include "storage/results/sqlite.h"

namespace zerosweep {

// Published artifacts that no row names and that the next start will not adopt, because their stage
// is unknown, done with another artifact, or failed.
std::vector<Published> Orphans(const Home& home, Database& database);

inline constexpr double kGarbageMinAge = 3600;  // seconds; younger files may still be in use

struct Garbage {
  int staging = 0;
  int artifacts = 0;
  int checkpoints = 0;  // checkpoints of stages that no longer need them, and unfinished ones
  int files = 0;        // logs of unknown attempts, answered requests, temporary files
  int64_t bytes = 0;    // of artifacts, checkpoints and files
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Garbage, staging, artifacts, checkpoints, files, bytes)

// Removes the garbage. REQUIRES: the caller holds the home lock; `live` are the running attempts.
// Throws kStorage, having removed nothing, when there are artifacts but the database has no stages.
Garbage CollectGarbage(const Home& home, const std::vector<std::string>& live, double min_age);

}  // namespace zerosweep
