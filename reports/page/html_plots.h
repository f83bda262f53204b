// The plots of a report: accuracy against bits and against what it costs.
#pragma once

#include <string>
#include <vector>

#include "reports/leaderboard/leaderboard.h"

namespace zerosweep {

// For each dataset and model top-1 against bits, size of the weights, BitOps and seconds of
// computing, with the numbers as tables. A plot that has no two different values is left out; so
// are networks beyond 1000 rows, and the page says how many.
std::string HtmlPlots(const std::vector<LeaderboardRow>& rows);

// The colours of a plot's lines, in their order.
std::string HtmlLegend(const std::vector<std::string>& names);

}  // namespace zerosweep
