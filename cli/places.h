// Where this program finds files outside its home, and the stage program.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace zerosweep {

// $ZEROSWEEP_DATA; empty when it is not set. Throws kUsage when it is not UTF-8.
std::string DataFolder();

// The folders of shipped models and their cards: of an installation, and of a build folder in the
// source tree.
std::vector<std::filesystem::path> ModelFolders();

// The folder of example sweeps, of an installation or of the source tree.
std::filesystem::path ExampleFolder();

// $ZEROSWEEP_STAGE if set, otherwise zerosweep-stage in this program's folder.
std::filesystem::path StageProgram();

}  // namespace zerosweep
