// The first steps of every reading command.
#pragma once

#include "cli/command.h"
#include "storage/results/results.h"

namespace zerosweep {

// Opens the home for reading. If it reads a snapshot, logs the snapshot's age.
ResultsReader OpenResults(const Globals& globals);

// The sweep that a word on the command line names. If the word is an existing file, whatever its
// ending, the sweep is the file's `name:` or, without one, its stem; otherwise the word is the name
// itself ("my.yaml" may be one). Empty stays empty. Throws kUsage for a path without a file.
std::string SweepName(const std::string& word);

}  // namespace zerosweep
