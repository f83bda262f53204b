// The columns of a leaderboard: the name of each for programs, its heading for people.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "reports/leaderboard/leaderboard.h"

namespace zerosweep {

// The metric whose mean over the trials of a row is a column.
struct MetricSource {
  std::string of;  // the kind of stage that has it; or the name of a column without which no trial
                   // has it, which spares a search
  std::string name;  // in the database; empty: the column is no mean of a metric
};

// All that a leaderboard needs to know of a number: one that is the mean of a metric is one row of
// the list.
struct LeaderboardColumn {
  std::string name;                                  // in JSON and CSV
  std::string meaning;                               // in docs/leaderboard.md
  std::function<Json(const LeaderboardRow&)> value;  // null if missing
  std::string heading = {};                          // for people; empty: not shown to them
  std::function<std::string(const LeaderboardRow&)> text = {};  // the cell for people
  MetricSource source = {};
};

// In the order of the contract, to which columns are only appended.
const std::vector<LeaderboardColumn>& LeaderboardColumns();

// The columns with these names, for people. Throws std::out_of_range for an unknown name.
Table TableForDisplay(const std::vector<LeaderboardRow>& rows,
                      const std::vector<std::string>& names);
// The text of a cell for people.
std::string TextOf(const std::string& name, const LeaderboardRow& row);

// Name, heading and meaning of each column, as Markdown: docs/leaderboard.md.
std::string ColumnsAsMarkdown();

}  // namespace zerosweep
