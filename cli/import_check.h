// Whether a network computes what its file computes.
#pragma once

#include <filesystem>
#include <string>

#include "cli/command.h"

namespace zerosweep {

// Runs the file itself, in a process without rights (python/zerosweep/import_check.py), on the
// images of `probe` (InspectFile), and compares. Returns what to tell the user. Throws kUsage when
// the outputs differ, and when the file cannot be run here, saying how to have that or to do
// without.
std::string CheckAgainstFile(const std::filesystem::path& file, const std::filesystem::path& probe,
                             const Globals& globals);

}  // namespace zerosweep
