// Checkpoints of interrupted stages (contract/checkpoint_folder.h). They are neither artifacts nor
// rows. Stages write them; the functions below only find and remove them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "storage/home/home.h"
#include "storage/results/sqlite.h"

namespace zerosweep {

// Returns the names of the stages that have checkpoints.
std::vector<std::string> StagesWithCheckpoints(const Home& home);
// Removes all checkpoints of a stage, finished or not. What it cannot remove is left to `gc`.
void RemoveCheckpoints(const Home& home, const std::string& stage);

// An entry among the checkpoints that is not a complete checkpoint of a stage that may need it.
struct StrayCheckpoint {
  std::filesystem::path path;
  std::string problem;   // empty for an unfinished checkpoint, its attempt alive or dead
  bool garbage = false;  // `gc` removes it once it is old enough
};

// Lists the stray checkpoints of a home. A stage needs its checkpoints until it is done, as long as
// its sweep has open trials. `thorough`: reads every checkpoint and compares its digests.
std::vector<StrayCheckpoint> StrayCheckpoints(const Home& home, Database& database, bool thorough);

}  // namespace zerosweep
