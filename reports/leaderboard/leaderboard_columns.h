// The columns of a leaderboard: the name of each for programs, its heading for people.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "reports/leaderboard/leaderboard.h"

namespace zerosweep {

// The source of a column that is the mean of a metric over the trials of a row.
struct MetricSource {
  // The kind of the stages that have the metric. Or the name of an earlier column: a trial without
  // a value there has none here, so that it need not be searched.
  std::string of;
  std::string name;  // of the metric in the database; empty: the column is no such mean
};

// One row of the list. A new mean of a metric needs nothing else.
struct LeaderboardColumn {
  std::string name;                                  // in JSON and CSV
  std::string meaning;                               // in docs/leaderboard.md
  std::function<Json(const LeaderboardRow&)> value;  // null if missing
  std::string heading = {};                          // for people; empty: not shown to them
  std::function<std::string(const LeaderboardRow&)> text = {};  // the cell for people
  MetricSource source = {};
};

// In their order in JSON and CSV, where users rely on it: new columns come last.
const std::vector<LeaderboardColumn>& LeaderboardColumns();
// Throws std::out_of_range for an unknown name.
const LeaderboardColumn& ColumnOf(const std::string& name);

// The heading of the column that shows the row's score to people.
std::string HeadingOfScore(const LeaderboardRow& row);

// The columns with these names, for people. Throws std::out_of_range for an unknown name.
Table TableForDisplay(const std::vector<LeaderboardRow>& rows,
                      const std::vector<std::string>& names);
// The text of a cell for people.
std::string TextOf(const std::string& name, const LeaderboardRow& row);

// Name, heading and meaning of each column, as Markdown: docs/leaderboard.md.
std::string ColumnsAsMarkdown();

}  // namespace zerosweep
