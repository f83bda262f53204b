// Checks a home: its database, and that everything the database mentions is on the disk.
#pragma once

#include <string>
#include <vector>

#include "storage/results/results.h"

namespace zerosweep {

struct Finding {
  std::string what;  // "database", "artifact <digest>", "checkpoint <path below checkpoints/>"
  std::string problem;
  std::string advice;
};

// Reads every file of artifacts and checkpoints and compares its SHA-256, which takes as long as
// reading them. Changes nothing. Empty when all is well. Throws kStorage when there is no database.
std::vector<Finding> Fsck(const Home& home, const ResultsOptions& options = {});

}  // namespace zerosweep
