// The columns of a leaderboard: the name of each for programs, its heading for people.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "reports/leaderboard/leaderboard.h"

namespace zerosweep {

struct LeaderboardColumn {
  std::string name;                                  // in JSON and CSV
  std::string meaning;                               // in docs/leaderboard.md
  std::function<Json(const LeaderboardRow&)> value;  // null if missing
  std::string heading = {};                          // for people; empty: not shown to them
  std::function<std::string(const LeaderboardRow&)> text = {};  // the cell for people
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
