// How a runtime computes an exported network.
#pragma once

#include "base/json.h"
#include "cli/command.h"

namespace zerosweep {

// Prints the operators of an export (docs/stage_protocol.md, `--export`), if it has any, and says
// how many run as integers.
void PrintExport(const Json& report, const Globals& globals);

}  // namespace zerosweep
