// How a runtime computes an exported network.
#pragma once

#include "cli/command.h"
#include "cli/deploy/network_export.h"

namespace zerosweep {

// Says how accurate the exported form is, how many operators run as integers, and which channels
// were changed.
void SummariseExport(const WrittenNetwork& written);
// Prints the operators, if there are any, and says the same.
void PrintExport(const WrittenNetwork& written, const Globals& globals);

}  // namespace zerosweep
