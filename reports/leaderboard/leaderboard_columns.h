// The columns of a leaderboard, each once: its name for programs, its heading for people.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "reports/leaderboard/leaderboard.h"

namespace zerosweep {

struct LeaderboardColumn {
  std::string name;                                  // in JSON and CSV
  std::string meaning;                               // in docs/leaderboard.md
  std::function<Json(const LeaderboardRow&)> value;  // null where it is missing
  std::string heading = {};                          // for people; empty: not shown to them
  std::function<std::string(const LeaderboardRow&)> text = {};  // their cell
};

// In the order of the contract, which only grows at the end.
const std::vector<LeaderboardColumn>& LeaderboardColumns();

// For people: the columns of these names. Throws std::out_of_range for another name.
Table TableForDisplay(const std::vector<LeaderboardRow>& rows,
                      const std::vector<std::string>& names);
// The cell of a column.
std::string TextOf(const std::string& name, const LeaderboardRow& row);

// Name, heading and meaning of each, as Markdown: docs/leaderboard.md.
std::string ColumnsAsMarkdown();

}  // namespace zerosweep
