#include "reports/leaderboard/settings_column.h"

#include <algorithm>

#include "base/text.h"

namespace zerosweep {
namespace {

std::vector<std::string> NotPapersOf(const LeaderboardRow& row) {
  std::vector<std::string> phrases;
  for (const Setting& setting : row.settings)
    if (!setting.IsPapers()) phrases.push_back(Phrase(setting));
  return phrases;
}

std::vector<std::string> PhrasesOf(const LeaderboardRow& row) {
  std::vector<std::string> phrases = NotPapersOf(row);
  if (!row.papers_known) phrases.emplace_back(kPaperNotKnown);
  if (phrases.empty()) phrases.emplace_back(kAsThePaper);
  return phrases;
}

bool Has(const std::vector<std::string>& phrases, const std::string& phrase) {
  return std::find(phrases.begin(), phrases.end(), phrase) != phrases.end();
}

}  // namespace

std::string SettingsColumn::SharedNote() const {
  return shared.empty() ? "" : "settings of all rows: " + shared;
}

SettingsColumn SettingsOf(const std::vector<const LeaderboardRow*>& rows) {
  std::vector<std::vector<std::string>> phrases;
  for (const LeaderboardRow* row : rows) phrases.push_back(PhrasesOf(*row));
  std::vector<std::string> shared;
  if (rows.size() > 1) shared = phrases.front();
  std::erase_if(shared, [&phrases](const std::string& phrase) {
    return !std::all_of(phrases.begin(), phrases.end(),
                        [&phrase](const auto& of) { return Has(of, phrase); });
  });
  SettingsColumn column{Join(shared, ", "), {}};
  for (auto& of : phrases) {
    std::erase_if(of, [&shared](const std::string& phrase) { return Has(shared, phrase); });
    column.own.push_back(of.empty() ? kNoSettings : Join(of, ", "));
  }
  return column;
}

SettingsColumn SettingsOfBoard(std::span<const LeaderboardRow> rows) {
  std::vector<const LeaderboardRow*> all;
  for (const LeaderboardRow& row : rows) all.push_back(&row);
  return SettingsOf(all);
}

std::string NameWithSettings(const LeaderboardRow& row) {
  const std::vector<std::string> phrases = NotPapersOf(row);
  return phrases.empty() ? VariantName(row)
                         : fmt::format("{} [{}]", VariantName(row), Join(phrases, ", "));
}

}  // namespace zerosweep
