// How a runtime computes an exported network.
#pragma once

#include "base/json.h"
#include "cli/command.h"

namespace zerosweep {

// Says how many operators of an export (docs/stage_protocol.md, `--export`) run as integers, and
// which channels it changed.
void SummariseExport(const Json& report);
// Prints the operators, if there are any, and says the same.
void PrintExport(const Json& report, const Globals& globals);

}  // namespace zerosweep
