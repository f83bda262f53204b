// What every reading command does first.
#pragma once

#include "cli/command.h"
#include "storage/results/results.h"

namespace zerosweep {

// Opens the home for reading; says how old a snapshot is where one is read.
ResultsReader OpenResults(const Globals& globals);

// The sweep that a word on the command line names: a file that is there, whatever its ending, whose
// `name:` (else its stem) is meant; else a name ("my.yaml" may be one). Empty stays empty. Throws
// kUsage for a path at which there is no file.
std::string SweepName(const std::string& word);

}  // namespace zerosweep
