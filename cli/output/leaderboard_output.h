// Prints leaderboard rows on stdout.
#pragma once

#include <vector>

#include "cli/command.h"
#include "cli/output/table.h"
#include "reports/leaderboard/leaderboard.h"

namespace zerosweep {

// Prints the rows as --format and the options say, with the nearest of the papers' numbers. Returns
// false without printing when the table for people would be empty.
bool PrintLeaderboard(std::vector<LeaderboardRow> rows, const PaperSettings& papers,
                      const Globals& globals, const TableOptions& options = {});

}  // namespace zerosweep
