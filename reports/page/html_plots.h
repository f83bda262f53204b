// The plots of a report: accuracy against bits and against costs.
#pragma once

#include <string>
#include <vector>

#include "reports/leaderboard/leaderboard.h"

namespace zerosweep {

// For each dataset and model, plots top-1 against bits, size of the weights, BitOps and computing
// time in seconds, with the numbers as tables. Leaves out plots without two different values, and
// networks beyond 1000 rows, whose number the page states.
std::string HtmlPlots(const std::vector<LeaderboardRow>& rows);

// A drawing (SVG) under its title, with a table that opens under `summary`.
std::string HtmlFigure(const std::string& title, const std::string& drawing, const char* summary,
                       const Table& table);

// The colours of a plot's lines, in order.
std::string HtmlLegend(const std::vector<std::string>& names);

}  // namespace zerosweep
