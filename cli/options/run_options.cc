#include "cli/options/run_options.h"

#include <algorithm>

#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/places.h"
#include "cli/value_kinds.h"
#include "cluster/slurm/slurm.h"
#include "reports/compare/published.h"
#include "sweeps/values/catalogue.h"

namespace zerosweep {
namespace {

// The stages' share of the grace; the rest is for what the coordinator has to write.
constexpr double kStagesShare = 2.0 / 3;

// Passes the allocation's deadline on. The time left counts as the length of one allocation: a job
// that continues from the queue starts its run when the job starts.
void KnowDeadline(const RunOptions& options, SchedulerOptions& scheduler) {
  const auto end = AllocationDeadline();
  if (!end) return;
  scheduler.allocation = *end - options.grace - SystemClock().Unix();
  scheduler.deadline = SystemClock().Monotonic() + scheduler.allocation;
}

}  // namespace

void AddStageOptions(CLI::App& app, RunOptions& options) {
  options.passed
      .Add(app.add_option("-n,--slots", options.slots,
                          "Stage processes at a time on a machine (default: one per GPU, or "
                          "without GPUs one per "
                          "`threads` cores)")
               ->type_name(kind::kNumber))
      ->check(CLI::Range(1, 4096));
  options.passed
      .Add(app.add_option("--max-attempts", options.max_attempts,
                          "Tries at a stage whose process crashes or hangs")
               ->type_name(kind::kNumber))
      ->check(CLI::Range(1, 1000));
  options.passed
      .Add(app.add_option("--device", options.device,
                          "cpu: use no GPU; cuda: fail if no GPU works (default: "
                          "the GPUs that work, otherwise the CPU)"))
      ->check(CLI::IsMember({"cpu", "cuda"}));
}

void AddInterfaceOption(CLI::App& app, RunOptions& options) {
  options.passed
      .Add(app.add_option(
          "--interface", options.interface,
          "Network interface or subnet between nodes, as ib0 or 10.1.0.0/16, for the ranks "
          "of the run and those of its stages (default: Open MPI and the nodes' names decide)"))
      ->envname("ZEROSWEEP_INTERFACE");
}

void AddRunOptions(CLI::App& app, RunOptions& options) {
  AddStageOptions(app, options);
  options.passed
      .Add(
          app.add_option(
                 "--grace", options.grace,
                 "Seconds from the first signal to the end; running stages have two thirds of them "
                 "to save")
              ->type_name(kind::kSeconds))
      ->check(CLI::NonNegativeNumber);
  options.passed.Add(
      app.add_flag("--exit-zero", options.exit_zero, "Exit 0, not 3, when there is nothing to do"));
  options.passed.Add(app.add_flag("--break-lock", options.break_lock,
                                  "Take over a home whose owner has been silent for a minute"));
}

SupervisorOptions MakeSupervisorOptions(const Home& home) {
  return {
      .home = home, .program = StageProgram(), .catalogue_digest = CompiledCatalogue().digest()};
}

WorkerOptions MakeWorkerOptions(const Home& home, const std::string& device) {
  return {.stage = MakeSupervisorOptions(home),
          .node = NodeName(),
          .devices = FindDevices(device, StageProgram())};
}

SessionOptions MakeSession(const RunOptions& options, const Globals& globals, const Home& home,
                           const Plan& plan) {
  SessionOptions session;
  session.coordinator.home = home;
  SlotPolicy& slots = session.coordinator.slots;
  slots.slots = options.slots;
  slots.spread = options.spread;
  session.coordinator.interface = options.interface;
  for (const StageRow& stage : plan.stages)
    slots.threads = std::max(slots.threads, stage.design->threads);
  session.coordinator.drain_grace = kStagesShare * options.grace;
  session.scheduler.max_attempts = options.max_attempts;
  KnowDeadline(options, session.scheduler);
  WarnIfElsewhere();
  session.worker = MakeWorkerOptions(home, options.device);
  session.display = DetectDisplay(globals.color, globals.quiet);
  if (options.columns > 0) {
    session.display.terminal = session.display.color = true;
    session.display.columns = options.columns;
    session.display.rows = options.rows;
  }
  session.run = options.id.empty() ? NewUuid() : options.id;
  session.break_lock = options.break_lock;
  session.published = PublishedNumbers();
  return session;
}

void WarnIfElsewhere() {
  const std::string nodes = NodesElsewhere();
  if (nodes.empty()) return;
  spdlog::warn(
      "computing on this host, although job {} has {}: put `srun -n1` first to compute there",
      OwnJob(), nodes);
}

void ReportOutcome(const Outcome& outcome, const Plan& plan) {
  if (outcome.exit_code == kExitNothingToDo) {
    if (outcome.cancelled > 0) {
      spdlog::info(
          "{}: nothing to do, {} of {} trials are done, {} cancelled (`zerosweep retry` "
          "brings them back)",
          plan.sweep, outcome.done, plan.trials.size(), outcome.cancelled);
    } else if (plan.trials.size() == 1) {
      spdlog::info("{}: nothing to do, its trial is done", plan.sweep);
    } else {
      spdlog::info("{}: nothing to do, all {} trials are done", plan.sweep, plan.trials.size());
    }
    return;
  }
  std::string text =
      fmt::format("{}: {} of {} trials done", plan.sweep, outcome.done, plan.trials.size());
  if (outcome.failed > 0)
    text += fmt::format(", {} failed (`zerosweep retry` tries them again)", outcome.failed);
  if (outcome.cancelled > 0) text += fmt::format(", {} cancelled", outcome.cancelled);
  text +=
      fmt::format("; {} stages computed in {}", outcome.stages_run, HumanSeconds(outcome.seconds));
  if (outcome.exit_code == kExitInterrupted)
    text += "; interrupted: run the same command again to resume";
  spdlog::info("{}", text);
}

int ExitCodeOf(int code, const RunOptions& options) {
  return code == kExitNothingToDo && options.exit_zero ? int{kExitOk} : code;
}

}  // namespace zerosweep
