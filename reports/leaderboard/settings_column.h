// The settings column of a table of rows.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "reports/leaderboard/leaderboard.h"

namespace zerosweep {

// Settings that differ from the papers' or distinguish rows of one name. Those that all rows share
// are stated once.
struct SettingsColumn {
  std::string shared;            // "lr scaled, iterations 1000"; empty: none, or a single row
  std::vector<std::string> own;  // for each row the rest; kNoSettings if there is none

  std::string SharedNote() const;  // "settings of all rows: lr scaled"; empty: none
};
inline constexpr const char* kNoSettings = "–";
SettingsColumn SettingsOf(const std::vector<const LeaderboardRow*>& rows);
SettingsColumn SettingsOfBoard(std::span<const LeaderboardRow> rows);

// "genie [iterations 1000, images 256]": a row's name with all its settings, for use without a
// column.
std::string NameWithSettings(const LeaderboardRow& row);

// For a row with all settings as in its paper; and for one whose paper's values are unknown.
inline constexpr const char* kAsThePaper = "paper's";
inline constexpr const char* kPaperNotKnown = "the paper's are not known";

}  // namespace zerosweep
