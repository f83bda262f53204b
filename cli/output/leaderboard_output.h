// Leaderboard rows on stdout.
#pragma once

#include <vector>

#include "cli/command.h"
#include "cli/output/table.h"
#include "reports/leaderboard/leaderboard.h"

namespace zerosweep {

// As --format and the options say, with the papers' numbers that stand nearest. Returns false,
// having printed nothing, where people would see an empty table.
bool PrintLeaderboard(std::vector<LeaderboardRow> rows, const PaperSettings& papers,
                      const Globals& globals, const TableOptions& options = {});

}  // namespace zerosweep
