// Checkpoints of stages that were cut off (contract/checkpoint_folder.h): neither artifacts nor
// rows. Only stages write them; here they are found and removed.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "storage/home/home.h"
#include "storage/results/sqlite.h"

namespace zerosweep {

// Names of the stages that have some.
std::vector<std::string> StagesWithCheckpoints(const Home& home);
// All checkpoints of a stage, finished or not. What cannot be removed stays for `gc`.
void RemoveCheckpoints(const Home& home, const std::string& stage);

// Something among the checkpoints that is not a whole checkpoint of a stage that may need it.
struct StrayCheckpoint {
  std::filesystem::path path;
  std::string problem;   // empty for what is still being written, or was when its attempt died
  bool garbage = false;  // `gc` removes it, once it is old enough
};

// A stage needs its checkpoints until it is done, as long as its sweep has open trials.
// `thorough`: reads every checkpoint and compares its digests.
std::vector<StrayCheckpoint> StrayCheckpoints(const Home& home, Database& database, bool thorough);

}  // namespace zerosweep
