// Tables on stdout, in the format that the user asked for.
#pragma once

#include <string>

#include "cli/command.h"
#include "storage/results.h"

namespace zerosweep {

// Prints as --format says: an aligned table, JSON or CSV. Bold headings only on a terminal, without
// --no-color and NO_COLOR.
void PrintTable(const Table& table, const Globals& globals);

// The aligned table alone: headings, a rule, rows; numbers to the right and to 6 digits, "–" for
// missing. Control characters are replaced, so that stored text cannot drive the terminal.
std::string AlignedTable(const Table& table, bool bold_headings);

}  // namespace zerosweep
