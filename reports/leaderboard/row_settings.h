// Determines the settings of leaderboard rows.
#pragma once

#include <vector>

#include "reports/leaderboard/leaderboard.h"

namespace zerosweep {

// A row, and those parts of its configuration that belong to its method: {"synthesizer": {"name",
// "params"}, "quantizer": …, "correct": {…}}.
struct RowAndMethod {
  LeaderboardRow* row = nullptr;
  const Json* method = nullptr;
};

// Sets `settings` and `papers_known` of rows whose other fields are set.
void NameSettings(const std::vector<RowAndMethod>& rows, const ResultsReader& reader,
                  const PaperSettings& papers);

}  // namespace zerosweep
