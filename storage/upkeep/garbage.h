// What a home no longer needs: cut-off staging, artifacts that no stage will ever claim,
// checkpoints of stages that will not go on, left-over temporary files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "storage/home/home.h"

namespace zerosweep {

inline constexpr double kGarbageMinAge = 3600;  // seconds; younger things may still be at work

struct Garbage {
  int staging = 0;
  int artifacts = 0;
  int checkpoints = 0;  // stages whose checkpoints nobody needs, and unfinished ones
  int files = 0;        // logs of unknown attempts, answered requests, temporary files
  int64_t bytes = 0;    // of artifacts, checkpoints and files
};

// Removes it. REQUIRES: the caller holds the home lock; `live` are the attempts at work. Throws
// kStorage, having removed nothing, when there are artifacts and the database knows no stage.
Garbage CollectGarbage(const Home& home, const std::vector<std::string>& live, double min_age);

}  // namespace zerosweep
