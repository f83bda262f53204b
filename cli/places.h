// Where this program finds what is not in its home.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace zerosweep {

// $ZEROSWEEP_DATA; empty when it is not set. Throws kUsage for one that is not UTF-8.
std::string DataFolder();

// Shipped models and their cards: of an installation, and of a build folder in the source tree.
std::vector<std::filesystem::path> ModelFolders();

}  // namespace zerosweep
