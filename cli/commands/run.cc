// run: expands a sweep, computes what is missing and resumes what was interrupted.
#include <unistd.h>

#include <memory>

#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/options/run_options.h"
#include "cli/options/sweep_arguments.h"
#include "cli/value_kinds.h"
#include "cluster/run/launcher.h"
#include "cluster/run/session.h"
#include "cluster/run/signals.h"
#include "cluster/slurm/slurm.h"
#include "cluster/transport/local_transport.h"
#include "cluster/transport/mpi_loader.h"
#include "cluster/worker/node.h"

namespace zerosweep {
namespace {

constexpr double kAskSeconds = 5;  // seconds to ask about an allocation; an unknown job is alive

struct RunArguments {
  SweepArguments sweep;
  RunOptions run;
  int ranks = 0;                         // 0: no launcher, or one rank per node of our allocation
  std::vector<std::string> rank_prefix;  // words before each rank's command over nodes: a container
};

void AddRunArguments(CLI::App& app, RunArguments& arguments) {
  AddSweepArguments(app, arguments.sweep);
  AddRunOptions(app, arguments.run);
  AddInterfaceOption(app, arguments.run);
  arguments.run.passed
      .Add(app.add_option("--ranks", arguments.ranks,
                          "Spread the slots over this many MPI ranks of this host, as if they were "
                          "nodes; also "
                          "inside an allocation of Slurm")
               ->type_name(kind::kNumber))
      ->check(CLI::Range(1, 1024));
  app.add_option("--run-id", arguments.run.id)->group("");
  app.add_option("--rank-prefix", arguments.rank_prefix)->group("")->allow_extra_args(false);
  app.add_option("--columns", arguments.run.columns)->group("");
  app.add_option("--rows", arguments.run.rows)->group("");
}

// Whether this is a rank of --ranks.
bool IsOfThisHost(const RunArguments& arguments) {
  return arguments.ranks > 0 && !arguments.run.id.empty();
}

int RunHere(const RunArguments& arguments, const Globals& globals, Transport& transport) {
  SweepArguments sweep = arguments.sweep;
  sweep.show_warnings = arguments.run.id.empty();  // otherwise the launcher has shown them
  const Plan plan = ExpandArguments(sweep, globals);
  RunOptions run = arguments.run;
  run.spread = IsOfThisHost(arguments);
  const SessionOptions session = MakeSession(run, globals, globals.home(), plan);
  const Outcome outcome = RunSweep(plan, transport, session, SystemClock());
  ReportOutcome(outcome, plan);
  return outcome.exit_code;
}

// Every rank runs the same command line; only rank 0 reads the sweep and touches the home.
int RunInsideMpi(const RunArguments& arguments, const Globals& globals) {
  const auto transport = JoinMpi(MpiModuleFolder());
  if (transport->rank() > 0) {
    // Rank 0 probes the GPUs of its host for all ranks.
    const std::string device = IsOfThisHost(arguments) ? "cpu" : arguments.run.device;
    const bool dismissed =
        RunWorker(*transport, MakeWorkerOptions(globals.home(), device), SystemClock());
    // Without its coordinator, the collective end would wait forever.
    if (!dismissed) _exit(kExitInfrastructure);
    transport->Finish();
    return kExitOk;
  }
  return RunRankZero(*transport, globals.home(), arguments.run.id, [&] {
    // The folder shows the launcher that the run has started.
    if (!arguments.run.id.empty()) MakePrivateFolder(globals.home().run(arguments.run.id));
    return ExitCodeOf(RunHere(arguments, globals, *transport), arguments.run);
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
  words.insert(words.end(), {"run", arguments.sweep.file});
  for (const PassedOptions* passed : {&arguments.sweep.passed, &arguments.run.passed})
    passed->AppendTo(words);
  words.insert(words.end(), {"--run-id", run});
  const DisplayOptions display = DetectDisplay(globals.color, globals.quiet);
  if (display.terminal) {
    words.insert(words.end(), {"--columns", std::to_string(display.columns), "--rows",
                               std::to_string(display.rows)});
  }
  return words;
}

// `nodes`: number of nodes of the allocation, each of which gets a rank; 0: --ranks on this host.
int RunOverRanks(const RunArguments& arguments, const Globals& globals, int nodes,
                 const DrainSignals& signals) {
  RequireKeptSweep(arguments.sweep, "the ranks of a run");
  ExpandArguments(arguments.sweep, globals);  // an invalid sweep is refused before anything starts
  if (signals.Requested()) return kExitInterrupted;
  LaunchOptions launch;
  launch.run = NewUuid();
  launch.command = RankCommand(arguments, globals, launch.run);
  launch.ranks = nodes > 0 ? nodes : arguments.ranks;
  launch.over_nodes = nodes > 0;
  launch.interface = arguments.run.interface;
  launch.home = globals.home();
  launch.grace = arguments.run.grace;
  return ExitCodeOf(LaunchRanks(launch), arguments.run);
}

// Runs one rank on each node of the allocation around this process. The process may be in a shell
// that has outlived the allocation. `elsewhere` is the result of NodesElsewhere.
int RunOverNodes(const RunArguments& arguments, const Globals& globals,
                 const std::string& elsewhere, const DrainSignals& signals) {
  const std::string job = OwnJob();
  const char* advice = "`--ranks 1`, or the same command in a fresh shell, runs on this host";
  if (!Slurm::IsThere()) {
    Fail(ErrorKind::kCluster,
         "job {} has {}, but there is no Slurm in PATH to start ranks there: {}", job,
         elsewhere.empty() ? "several nodes" : elsewhere, advice);
  }
  const Tristate alive = Slurm(kAskSeconds).Ask(job).alive;
  if (alive == Tristate::kNo)
    Fail(ErrorKind::kCluster, "job {}, whose nodes this shell had, has ended: {}", job, advice);
  if (alive == Tristate::kUnknown && !elsewhere.empty()) {
    Fail(ErrorKind::kCluster,
         "job {} has {}, but Slurm does not say whether it still runs: try `squeue -j {}`; {}", job,
         elsewhere, job, advice);
  }
  if (!elsewhere.empty()) spdlog::info("job {} has {}: running there", job, elsewhere);
  return RunOverRanks(arguments, globals, AllocatedNodes(), signals);
}

int Run(const RunArguments& arguments, const Globals& globals) {
  const DrainSignals signals;  // a signal while the sweep is read also ends cleanly
  if (!arguments.run.id.empty()) return RunInsideMpi(arguments, globals);
  const LaunchEnvironment launcher = DetectLauncher();
  if (launcher.split_step) {
    Fail(ErrorKind::kCluster,
         "this Slurm step has several tasks but no PMIx, so each would be a run of its own; start "
         "it with mpirun inside sbatch, or with srun --mpi=pmix");
  }
  const std::string elsewhere = launcher.inside ? "" : NodesElsewhere();
  if (arguments.ranks > 0) {
    if (launcher.tasks > 1) {
      Fail(ErrorKind::kUsage,
           "--ranks starts ranks by itself, but mpirun or srun has started {} already: leave one "
           "of the two out",
           launcher.tasks);
    }
    if (!elsewhere.empty())
      spdlog::warn("--ranks stays on this host, although job {} has {}", OwnJob(), elsewhere);
    return RunOverRanks(arguments, globals, /*nodes=*/0, signals);
  }
  if (launcher.inside) return RunInsideMpi(arguments, globals);
  if (!elsewhere.empty() || AllocatedNodes() > 1)
    return RunOverNodes(arguments, globals, elsewhere, signals);
  LocalTransport transport;
  return ExitCodeOf(RunHere(arguments, globals, transport), arguments.run);
}

const RegisterCommand kRun{"run", "Compute what is missing of a sweep", AddRunArguments, Run};

}  // namespace
}  // namespace zerosweep
