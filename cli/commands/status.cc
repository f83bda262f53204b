// status: shows counts by state, one row per sweep, and the home's Slurm jobs.
#include "reports/leaderboard/status.h"

#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "cli/output/table.h"
#include "cli/reading.h"
#include "cli/value_kinds.h"
#include "cluster/slurm/job_queue.h"

namespace zerosweep {
namespace {

struct StatusOptions {
  std::string sweep;
  bool jobs = false;
};

// Only live jobs, unless `all`.
Table JobTable(const Home& home, bool all) {
  Table table{.columns = {"job", "sweep", "state", "reason", "nodes", "restarts", "submitted"}};
  for (const QueuedJob& queued : LookUpJobs(home, Slurm())) {
    if (!all && queued.queue.alive == Tristate::kNo) continue;
    const JobState& state = queued.job.state;
    table.rows.push_back(
        {OrNull(state.job), queued.job.spec.sweep, queued.queue.state, OrNull(queued.queue.reason),
         queued.queue.nodes > 0 ? Json(queued.queue.nodes) : Json(), state.restarts,
         state.submitted > 0 ? Json(IsoUtc(state.submitted)) : Json()});
  }
  return table;
}

int RunStatus(const StatusOptions& options, const Globals& globals) {
  if (options.jobs) {
    PrintTable(JobTable(globals.home(), /*all=*/true), globals);
    return kExitOk;
  }
  const Table jobs = globals.format == "table" ? JobTable(globals.home(), /*all=*/false) : Table();
  if (!jobs.rows.empty()) {
    PrintTable(jobs, globals);
    // Until the first job has started there are no results to count.
    if (!IsFile(globals.home().database())) return kExitOk;
    fmt::print("\n");
  }
  const Table table = SweepStatus(OpenResults(globals), SweepName(options.sweep));
  PrintTable(table, globals);
  if (globals.format == "table") {
    spdlog::info(HomeLock::IsHeld(globals.home()) ? "a coordinator is running in this home"
                                                  : "no coordinator is running in this home");
  }
  return kExitOk;
}

const RegisterCommand kStatus{
    "status", "Print the state of sweeps",
    [](CLI::App& app, StatusOptions& options) {
      app.add_option("sweep", options.sweep, "A sweep's name or file (default: all)")
          ->type_name(kind::kSweep);
      app.add_flag("--jobs", options.jobs, "Print the home's Slurm jobs instead, ended ones too");
    },
    RunStatus};

}  // namespace
}  // namespace zerosweep
