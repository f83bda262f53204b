// The settings of a leaderboard's rows.
#pragma once

#include <vector>

#include "reports/leaderboard/leaderboard.h"

namespace zerosweep {

// A row, and the parts of its configuration that are its method's: {"synthesizer": {"name",
// "params"}, "quantizer": …, "correct": {…}}, those that it has.
struct RowAndMethod {
  LeaderboardRow* row = nullptr;
  const Json* method = nullptr;
};

// Sets `settings` and `papers_known` of rows whose other fields are there.
void NameSettings(const std::vector<RowAndMethod>& rows, const ResultsReader& reader,
                  const PaperSettings& papers);

}  // namespace zerosweep
