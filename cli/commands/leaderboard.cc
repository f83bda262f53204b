// leaderboard: ranked results of a sweep or of the whole home.
#include "reports/leaderboard/leaderboard.h"

#include "base/log.h"
#include "cli/output/leaderboard_output.h"
#include "cli/paper_settings.h"
#include "cli/reading.h"
#include "cli/value_kinds.h"
#include "reports/leaderboard/leaderboard_columns.h"

namespace zerosweep {
namespace {

struct LeaderboardOptions {
  std::string sweep, where;
  TableOptions table;
  bool columns = false;
};

int RunLeaderboard(const LeaderboardOptions& options, const Globals& globals) {
  if (options.columns) {
    fmt::print("{}", ColumnsAsMarkdown());
    return kExitOk;
  }
  const PaperSettings papers = PapersOwn();
  const auto rows = Leaderboard(OpenResults(globals), papers, SweepName(options.sweep),
                                ParseFilter(options.where));
  if (PrintLeaderboard(rows, papers, globals, options.table)) return kExitOk;
  if (!options.where.empty()) {
    spdlog::info("no done trial matches --where {}", options.where);
  } else {
    spdlog::info("no trial is done yet: `zerosweep status` shows where they stand");
  }
  return kExitOk;
}

const RegisterCommand kLeaderboard{
    "leaderboard", "Print ranked results",
    [](CLI::App& app, LeaderboardOptions& options) {
      app.add_option("sweep", options.sweep, "A sweep's name or file (default: all sweeps)")
          ->type_name(kind::kSweep);
      app.add_option("--where", options.where, "Only trials that match, as method=zeroq,bits=w4a4");
      AddSort(app, options.table);
      app.add_flag("--wide", options.table.wide, "Every column, for a wide terminal or a file");
      app.add_flag("--columns", options.columns, "Print what the columns mean, as Markdown");
    },
    RunLeaderboard};

}  // namespace
}  // namespace zerosweep
