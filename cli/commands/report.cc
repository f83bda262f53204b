// report: writes the results of a sweep as a document.
#include "base/error.h"
#include "base/log.h"
#include "cli/paper_settings.h"
#include "cli/reading.h"
#include "cli/value_kinds.h"
#include "reports/page/write_report.h"

namespace zerosweep {
namespace {

struct ReportOptions {
  std::string sweep, output, layout = "leaderboard", paper;
  bool recalled = false;
};

int RunReport(const ReportOptions& options, const Globals& globals) {
  const bool as_paper = options.layout == "paper";
  if (as_paper == options.paper.empty())
    Fail(ErrorKind::kUsage, "report: --layout paper and --paper NAME go together");
  if (options.recalled && !as_paper)
    Fail(ErrorKind::kUsage, "report: --recalled is for the tables of a paper: give --layout paper");
  const ResultsReader reader = OpenResults(globals);
  const std::string sweep = SweepName(options.sweep);
  if (as_paper) {
    WritePaperTables(reader, sweep, PapersOwn(), options.paper, options.recalled, options.output);
  } else {
    WriteReport(reader, sweep, PapersOwn(), options.output);
  }
  spdlog::info("the report is {}", std::filesystem::absolute(options.output).string());
  return kExitOk;
}

const RegisterCommand kReport{
    "report", "Write results as .html, .md, .tex, .csv or .json",
    [](CLI::App& app, ReportOptions& options) {
      app.add_option("sweep", options.sweep, "A sweep's name or file (default: all sweeps)")
          ->type_name(kind::kSweep);
      app.add_option("-o,--output", options.output,
                     "The file to write; its ending chooses the format")
          ->type_name(kind::kFile)
          ->required();
      app.add_option("--layout", options.layout,
                     "leaderboard, or the tables of a paper with our rows "
                     "beneath its own (.html, .md, .tex)")
          ->check(CLI::IsMember({"leaderboard", "paper"}));
      app.add_option("--paper", options.paper, "Whose tables: genie, brecq, …")
          ->type_name(kind::kPaper);
      app.add_flag("--recalled", options.recalled,
                   "Also numbers from memory, grey and in parentheses");
    },
    RunReport};

}  // namespace
}  // namespace zerosweep
