// What every reading command does first.
#pragma once

#include "cli/command.h"
#include "storage/results.h"

namespace zerosweep {

// Opens the home for reading; says how old a snapshot is where one is read.
ResultsReader OpenResults(const Globals& globals);

// The sweep that a word on the command line names: a name, or a sweep file whose `name:` (else its
// stem) is meant. Empty stays empty.
std::string SweepName(const std::string& word);

}  // namespace zerosweep
