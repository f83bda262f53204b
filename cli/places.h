// Where this program finds files outside its home, and the stage program.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "storage/home/home.h"

namespace zerosweep {

// $ZEROSWEEP_DATA; empty when it is not set. Throws kUsage when it is not UTF-8.
std::string DataFolder();

// The folders of models and their cards: of the home, of an installation, and of a build folder in
// the source tree.
std::vector<std::filesystem::path> ModelFolders(const Home& home);

// The folder of example sweeps, of an installation or of the source tree.
std::filesystem::path ExampleFolder();

// A script of python/zerosweep/, and the Python that runs it: $ZEROSWEEP_PYTHON if set, otherwise
// that of the build. Empty where there is none.
std::filesystem::path PythonScript(const std::string& name);
std::filesystem::path PythonProgram();

// $ZEROSWEEP_STAGE if set, otherwise zerosweep-stage in this program's folder.
std::filesystem::path StageProgram();

}  // namespace zerosweep
