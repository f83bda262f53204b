// The settings of the rows of a table.
#pragma once

#include <string>
#include <vector>

#include "reports/leaderboard/leaderboard.h"

namespace zerosweep {

// What rows set otherwise than their papers, and what else tells rows of one name apart; said once
// where all rows share it.
struct SettingsColumn {
  std::string shared;            // "lr scaled, iterations 1000"; empty: nothing, or a single row
  std::vector<std::string> own;  // of each row: the rest; kNoSettings where that is nothing
};
inline constexpr const char* kNoSettings = "–";
SettingsColumn SettingsOf(const std::vector<const LeaderboardRow*>& rows);
SettingsColumn SettingsOfBoard(const std::vector<LeaderboardRow>& rows);

// "genie [iterations 1000, images 256]": a row's name with all of them, where there is no column.
std::string NameWithSettings(const LeaderboardRow& row);

// Of a row that sets all as its paper; and of one whose paper's values this program does not know.
inline constexpr const char* kAsThePaper = "paper's";
inline constexpr const char* kPaperNotKnown = "the paper's are not known";

// Heads the list of shared settings.
inline constexpr const char* kSharedSettings = "settings of all rows: ";

}  // namespace zerosweep
