// report: the results of a sweep as a document.
#include "base/log.h"
#include "cli/reading.h"
#include "reports/write_report.h"

namespace zerosweep {
namespace {

struct Options {
  std::string sweep, output;
};

int RunReport(const Options& options, const Globals& globals) {
  WriteReport(OpenResults(globals), SweepName(options.sweep), options.output);
  spdlog::info("the report is {}", std::filesystem::absolute(options.output).string());
  return kExitOk;
}

const RegisterCommand kReport{"report", "Write results as .html, .md, .tex, .csv or .json",
                              [](CLI::App& app, const Globals& globals) -> CommandBody {
                                auto options = std::make_shared<Options>();
                                app.add_option("sweep", options->sweep,
                                               "A sweep's name or file (default: all sweeps)");
                                app.add_option("-o,--output", options->output,
                                               "The file to write; its ending chooses the format")
                                    ->required();
                                return [options, &globals] { return RunReport(*options, globals); };
                              }};

}  // namespace
}  // namespace zerosweep
