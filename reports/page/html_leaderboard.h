// The leaderboard of an HTML page.
#pragma once

#include <string>
#include <vector>

#include "reports/leaderboard/leaderboard.h"

namespace zerosweep {

// A table that can be sorted and filtered. In rows that `provenance` (ReadProvenance) contains, the
// accuracy is a button that shows its origin. Columns without values are left out; values that all
// rows share are stated once. REQUIRES: `rows` is not empty.
std::string HtmlLeaderboard(const std::vector<LeaderboardRow>& rows, const Json& provenance);

}  // namespace zerosweep
