// The leaderboard of a page.
#pragma once

#include <string>
#include <vector>

#include "reports/leaderboard/leaderboard.h"

namespace zerosweep {

// To be sorted and filtered; the accuracy of a row that `provenance` (ReadProvenance) knows is a
// button to it. Columns without a value are left out, what is the same in all rows is told once.
// REQUIRES: a row.
std::string HtmlLeaderboard(const std::vector<LeaderboardRow>& rows, const Json& provenance);

}  // namespace zerosweep
