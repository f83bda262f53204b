#include "reports/page/html_leaderboard.h"

#include <algorithm>

#include "base/text.h"
#include "reports/html/html_table.h"
#include "reports/html/svg_plot.h"
#include "reports/leaderboard/settings_column.h"

namespace zerosweep {
namespace {

constexpr const char* kAccuracy = "top-1 %";

// Drops columns without a value. A value that all rows share is stated once: "model resnet20".
std::vector<std::string> TakeUniform(Table& table) {
  static const std::set<std::string> kMayBeTold = {"dataset", "model", "FP32 %", "protocol"};
  std::vector<std::string> told;
  for (size_t c = table.columns.size(); c-- > 0;) {
    const Json first = table.rows.front()[c];
    const bool uniform = std::all_of(table.rows.begin(), table.rows.end(),
                                     [&](const auto& row) { return row[c] == first; });
    if (!uniform || (first != "–" && !kMayBeTold.contains(table.columns[c]))) continue;
    if (first != "–") told.push_back(table.columns[c] + " " + first.get<std::string>());
    const auto at = static_cast<std::ptrdiff_t>(c);
    table.columns.erase(table.columns.begin() + at);
    for (auto& row : table.rows) row.erase(row.begin() + at);
  }
  return {told.rbegin(), told.rend()};
}

}  // namespace

std::string HtmlLeaderboard(const std::vector<LeaderboardRow>& rows, const Json& provenance) {
  Table table = LeaderboardForDisplay(rows, {"bitops", "published"});
  std::vector<std::string> uniform = TakeUniform(table);
  if (const std::string shared = SettingsOfBoard(rows).shared; !shared.empty())
    uniform.push_back("settings " + shared);
  const auto accuracy = std::find(table.columns.begin(), table.columns.end(), kAccuracy);
  const auto column = static_cast<size_t>(accuracy - table.columns.begin());
  const auto cell = [&](size_t row, const std::string& name) -> std::string {
    const std::string id = RowKey(rows[row]);
    if (name != kAccuracy || !provenance.at("rows").contains(id)) return "";
    return fmt::format("<button type=button class=why value=\"{}\">{}</button>", EscapeHtml(id),
                       EscapeHtml(table.rows[row][column].get<std::string>()));
  };
  const std::string told =
      uniform.empty() ? "" : "<p>All rows: " + EscapeHtml(Join(uniform, " · ")) + ".</p>\n";
  return told + HtmlTable(table, {.sortable = true,
                                  .filters = {"dataset", "model", "bits", "method", "protocol"},
                                  .cell = cell});
}

}  // namespace zerosweep
