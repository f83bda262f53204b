// zerosweep run: expand a sweep, compute what is missing, resume what was interrupted.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/stage_program.h"
#include "cli/sweep_arguments.h"
#include "cluster/launcher.h"
#include "cluster/local_transport.h"
#include "cluster/mpi_loader.h"
#include "cluster/node.h"
#include "cluster/session.h"
#include "cluster/signals.h"
#include "cluster/slurm.h"
#include "reports/published.h"
#include "sweeps/catalogue.h"

namespace zerosweep {
namespace {

// Of the grace; the rest is for what the coordinator has to write.
constexpr double kStagesShare = 2.0 / 3;

struct RunArguments {
  SweepArguments sweep;
  int slots = 0;
  int ranks = 0;  // 0: no launcher, or one rank a node of the allocation around us
  std::string interface;
  double grace = 30;
  int max_attempts = 3;
  std::string device;
  bool exit_zero = false;
  bool break_lock = false;
  // What a launched rank is told by its launcher.
  std::string run;
  std::vector<std::string> rank_prefix;  // words before every rank of several nodes: a container
  int columns = 0, rows = 24;            // of the terminal behind mpirun; 0: none
};

void AddArguments(CLI::App& app, RunArguments& arguments) {
  AddSweepArguments(app, arguments.sweep);
  app.add_option("-n,--slots", arguments.slots,
                 "Stage processes at a time on this machine (default: one per GPU, else one per "
                 "`threads` cores)")
      ->check(CLI::Range(1, 4096));
  app.add_option("--ranks", arguments.ranks,
                 "Spread the slots over this many MPI ranks of this host, as if they were nodes")
      ->check(CLI::Range(1, 1024));
  app.add_option(
         "--interface", arguments.interface,
         "Network interface or subnet between nodes, as ib0 or 10.1.0.0/16, for the ranks "
         "of the run and those of its stages (default: Open MPI and the nodes' names decide)")
      ->envname("ZEROSWEEP_INTERFACE");
  app.add_option("--grace", arguments.grace,
                 "Seconds from the first signal to the end; running stages have two thirds of them "
                 "to save")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--max-attempts", arguments.max_attempts,
                 "Tries at a stage whose process crashes or hangs")
      ->check(CLI::Range(1, 1000));
  app.add_option("--device", arguments.device, "cpu: leave the GPUs alone (default: use them)")
      ->check(CLI::IsMember({"cpu"}));
  app.add_flag("--exit-zero", arguments.exit_zero, "Exit 0, not 3, when there is nothing to do");
  app.add_flag("--break-lock", arguments.break_lock,
               "Take over a home whose owner has been silent for a minute");
  app.add_option("--run-id", arguments.run)->group("");
  app.add_option("--rank-prefix", arguments.rank_prefix)->group("")->allow_extra_args(false);
  app.add_option("--columns", arguments.columns)->group("");
  app.add_option("--rows", arguments.rows)->group("");
}

// What is left of the allocation around this process counts as the length of one: a job that goes
// on in the queue starts its run when it starts.
void KnowDeadline(const RunArguments& arguments, SchedulerOptions& scheduler) {
  const auto end = AllocationDeadline();
  if (!end) return;
  scheduler.allocation = *end - arguments.grace - SystemClock().Unix();
  scheduler.deadline = SystemClock().Monotonic() + scheduler.allocation;
}

SessionOptions MakeSession(const RunArguments& arguments, const Globals& globals,
                           const Plan& plan) {
  SessionOptions session;
  session.coordinator.home = globals.home();
  SlotPolicy& slots = session.coordinator.slots;
  slots.slots = arguments.slots;
  slots.spread = arguments.ranks > 0;
  slots.device = arguments.device;
  session.coordinator.interface = arguments.interface;
  for (const StageRow& stage : plan.stages)
    slots.threads = std::max(slots.threads, stage.design->threads);
  session.coordinator.drain_grace = kStagesShare * arguments.grace;
  session.scheduler.max_attempts = arguments.max_attempts;
  KnowDeadline(arguments, session.scheduler);
  session.worker = MakeWorkerOptions(session.coordinator.home);
  session.display = DetectDisplay(globals.color, globals.quiet);
  if (arguments.columns > 0) {
    session.display.terminal = session.display.color = true;
    session.display.columns = arguments.columns;
    session.display.rows = arguments.rows;
  }
  session.run = arguments.run.empty() ? NewUuid() : arguments.run;
  session.break_lock = arguments.break_lock;
  session.published = PublishedNumbers();
  return session;
}

void Tell(const Outcome& outcome, const Plan& plan) {
  if (outcome.exit_code == kExitNothingToDo) {
    if (outcome.trials_cancelled > 0) {
      spdlog::info(
          "{}: nothing to do, {} of {} trials are done, {} cancelled (`zerosweep retry` "
          "brings them back)",
          plan.sweep, outcome.trials_done, plan.trials.size(), outcome.trials_cancelled);
    } else {
      spdlog::info("{}: nothing to do, all {} trials are done", plan.sweep, plan.trials.size());
    }
    return;
  }
  std::string text =
      fmt::format("{}: {} of {} trials done", plan.sweep, outcome.trials_done, plan.trials.size());
  if (outcome.trials_failed > 0)
    text += fmt::format(", {} failed (`zerosweep retry` tries them again)", outcome.trials_failed);
  if (outcome.trials_cancelled > 0) text += fmt::format(", {} cancelled", outcome.trials_cancelled);
  text +=
      fmt::format("; {} stages computed in {}", outcome.stages_run, HumanSeconds(outcome.seconds));
  if (outcome.exit_code == kExitInterrupted)
    text += "; interrupted: run the same command again to resume";
  spdlog::info("{}", text);
}

int ExitCodeOf(int code, const RunArguments& arguments) {
  return code == kExitNothingToDo && arguments.exit_zero ? int{kExitOk} : code;
}

int RunHere(const RunArguments& arguments, const Globals& globals, Transport& transport) {
  SweepArguments sweep = arguments.sweep;
  sweep.show_warnings = arguments.run.empty();  // else the launcher has shown them
  const Plan plan = ExpandArguments(sweep, globals);
  const SessionOptions session = MakeSession(arguments, globals, plan);
  const Outcome outcome = RunSweep(plan, transport, session, SystemClock());
  Tell(outcome, plan);
  return outcome.exit_code;
}

// Every rank runs the same command line; only rank 0 reads the sweep and touches the home.
int RunInsideMpi(const RunArguments& arguments, const Globals& globals) {
  const auto transport = JoinMpi(MpiModuleFolder());
  if (transport->rank() > 0) {
    const bool dismissed = RunWorker(*transport, MakeWorkerOptions(globals.home()), SystemClock());
    // Without its coordinator the collective end would wait for ever.
    if (!dismissed) _exit(kExitInfrastructure);
    transport->Finish();
    return kExitOk;
  }
  return RunRankZero(*transport, globals.home(), arguments.run, [&] {
    return ExitCodeOf(RunHere(arguments, globals, *transport), arguments);
  });
}

std::vector<std::string> RankCommand(const RunArguments& arguments, const Globals& globals,
                                     const std::string& run) {
  std::vector<std::string> words = arguments.rank_prefix;
  words.insert(words.end(), {std::filesystem::read_symlink("/proc/self/exe").string(), "--home",
                             globals.home().folder.string()});
  if (globals.quiet) words.push_back("--quiet");
  if (globals.verbose) words.push_back("--verbose");
  if (!globals.color) words.push_back("--no-color");
  const auto add = [&](const std::string& name, const std::string& value) {
    words.insert(words.end(), {name, value});
  };
  words.insert(words.end(), {"run", arguments.sweep.file});
  for (const std::string& text : arguments.sweep.overrides) add("--set", text);
  if (!arguments.sweep.data.empty()) add("--data", arguments.sweep.data);
  if (arguments.sweep.threads > 0) add("--threads", std::to_string(arguments.sweep.threads));
  if (arguments.slots > 0) add("--slots", std::to_string(arguments.slots));
  if (!arguments.device.empty()) add("--device", arguments.device);
  if (!arguments.interface.empty()) add("--interface", arguments.interface);
  if (arguments.break_lock) words.push_back("--break-lock");
  if (arguments.ranks > 0) add("--ranks", std::to_string(arguments.ranks));
  add("--grace", fmt::format("{}", arguments.grace));
  add("--max-attempts", std::to_string(arguments.max_attempts));
  add("--run-id", run);
  const DisplayOptions display = DetectDisplay(globals.color, globals.quiet);
  if (display.terminal) {
    add("--columns", std::to_string(display.columns));
    add("--rows", std::to_string(display.rows));
  }
  return words;
}

// `nodes`: of the allocation, each of which gets a rank; 0: --ranks of this host.
int RunOverRanks(const RunArguments& arguments, const Globals& globals, int nodes,
                 const DrainSignals& signals) {
  ExpandArguments(arguments.sweep, globals);  // a wrong sweep is refused before anything starts
  if (signals.Requested()) return kExitInterrupted;
  LaunchOptions launch;
  launch.run = NewUuid();
  launch.command = RankCommand(arguments, globals, launch.run);
  launch.ranks = nodes > 0 ? nodes : arguments.ranks;
  launch.over_nodes = nodes > 0;
  launch.interface = arguments.interface;
  launch.home = globals.home();
  launch.grace = arguments.grace;
  return ExitCodeOf(LaunchRanks(launch), arguments);
}

int Run(const RunArguments& arguments, const Globals& globals) {
  const DrainSignals signals;  // also what comes while the sweep is read ends cleanly
  const LaunchEnvironment launcher = DetectLauncher();
  if (launcher.split_step) {
    Fail(ErrorKind::kCluster,
         "this Slurm step has several tasks but no PMIx, so each would be a run of its own; start "
         "it with mpirun inside sbatch, or with srun --mpi=pmix");
  }
  if (launcher.inside) return RunInsideMpi(arguments, globals);
  if (arguments.ranks > 0) return RunOverRanks(arguments, globals, /*nodes=*/0, signals);
  if (const int nodes = AllocatedNodes(); nodes > 1) {
    return RunOverRanks(arguments, globals, nodes, signals);
  }
  LocalTransport transport;
  return ExitCodeOf(RunHere(arguments, globals, transport), arguments);
}

const RegisterCommand kRun{"run", "Compute what is missing of a sweep",
                           [](CLI::App& app, const Globals& globals) {
                             auto arguments = std::make_shared<RunArguments>();
                             AddArguments(app, *arguments);
                             return [arguments, &globals] { return Run(*arguments, globals); };
                           }};

}  // namespace
}  // namespace zerosweep
