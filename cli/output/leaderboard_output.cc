#include "cli/output/leaderboard_output.h"

#include "reports/compare/compare.h"

namespace zerosweep {

bool PrintLeaderboard(std::vector<LeaderboardRow> rows, const PaperSettings& papers,
                      const Globals& globals, const TableOptions& options) {
  AddPublished(rows, papers);
  rows = Sorted(rows, options, LeaderboardTable);
  if (globals.format != "table") {
    PrintTable(LeaderboardTable(rows), globals);
    return true;
  }
  if (rows.empty()) return false;
  PrintDisplayTable(options.wide ? WideLeaderboard(rows) : NarrowLeaderboard(rows), globals);
  for (const std::string& note : Notes(rows)) fmt::print("{}\n", note);
  if (options.wide) fmt::print("{}\n", kIntervalNote);
  return true;
}

}  // namespace zerosweep
