// status: counts by state, one row a sweep.
#include "reports/status.h"

#include "base/log.h"
#include "cli/reading.h"
#include "cli/table.h"

namespace zerosweep {
namespace {

int RunStatus(const std::string& sweep, const Globals& globals) {
  const Table table = SweepStatus(OpenResults(globals), SweepName(sweep));
  PrintTable(table, globals);
  if (globals.format == "table") {
    spdlog::info(HomeLock::IsHeld(globals.home()) ? "a coordinator is at work in this home"
                                                  : "nobody is at work in this home");
  }
  return kExitOk;
}

const RegisterCommand kStatus{
    "status", "Print where sweeps stand", [](CLI::App& app, const Globals& globals) -> CommandBody {
      auto sweep = std::make_shared<std::string>();
      app.add_option("sweep", *sweep, "A sweep's name or file (default: all)");
      return [sweep, &globals] { return RunStatus(*sweep, globals); };
    }};

}  // namespace
}  // namespace zerosweep
