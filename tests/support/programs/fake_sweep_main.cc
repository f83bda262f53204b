// Runs a plan of fake stages the way `zerosweep run` runs a sweep: in one process, inside mpirun,
// or by starting ranks itself.
//
//   fake_sweep PLAN.json HOME [--slots N] [--ranks R] [--limit S] [--run ID] [--before S]
//     [--grace S] [--break-lock] [--lock-beat S] [--lock-still S] [--max-attempts N] [--stall S]
//     [--checkpoint S] [--stage PROGRAM --digest CATALOGUE]
//
// PLAN.json: [{"name": "a", "inputs": ["b"], "params": {…}}, …], users after inputs. A stage that
// no other needs ends a trial.
//
//   --limit S       seconds of silence after which a worker counts as lost
//   --before S      seconds that the start takes, announced by "starting"
//   --grace S       seconds that stages have to leave
//   --stall S       the stall limit of stages
//   --checkpoint S  seconds between two checkpoints
//   --stage PROGRAM --digest CATALOGUE
//                   a program in place of fake_stage, and the digest in its hello
//   --lock-beat S, --lock-still S
//                   the limits of the home lock
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "cluster/run/launcher.h"
#include "cluster/run/session.h"
#include "cluster/run/signals.h"
#include "cluster/transport/local_transport.h"
#include "cluster/transport/mpi_loader.h"
#include "tests/support/fake_plan.h"

namespace zerosweep {
namespace {

struct Options {
  std::string plan, home, run, stage, digest;
  int slots = 1, ranks = 0, max_attempts = 3;
  double limit = 60, stall = 0, before = 0, grace = 5, checkpoint = 60;
  bool break_lock = false;
  LockLimits lock;
};

SessionOptions MakeSession(const Options& options) {
  SessionOptions session = FakeSession(Home{options.home}, options.slots);
  session.coordinator.slots.spread = options.ranks > 0;
  session.scheduler.max_attempts = options.max_attempts;
  session.coordinator.worker_limit = options.limit;
  session.coordinator.stall_limit = options.stall;
  session.coordinator.drain_grace = options.grace;
  session.coordinator.checkpoint_period = options.checkpoint;
  if (!options.stage.empty()) {
    session.worker.stage.program = options.stage;
    session.worker.stage.catalogue_digest = options.digest;
  }
  session.break_lock = options.break_lock;
  session.lock_limits = options.lock;
  session.worker.silence_limit = options.limit;
  session.worker.lost_limit = options.limit / 4;
  session.run = options.run.empty() ? NewUuid() : options.run;
  return session;
}

int Coordinate(const Options& options, Transport& transport) {
  if (options.before > 0) {
    std::fprintf(stderr, "starting\n");
    SystemClock().Sleep(options.before);
  }
  const Plan plan = FakePlan(ParseJson(ReadFile(options.plan), options.plan));
  const Outcome outcome = RunSweep(plan, transport, MakeSession(options), SystemClock());
  std::fprintf(stderr, "done %d failed %d open %d\n", outcome.done, outcome.failed, outcome.open);
  return outcome.exit_code;
}

int Launch(const Options& options) {
  LaunchOptions launch;
  launch.run = NewUuid();
  launch.command = {std::filesystem::read_symlink("/proc/self/exe").string(),
                    options.plan,
                    options.home,
                    "--slots",
                    std::to_string(options.slots),
                    "--ranks",
                    std::to_string(options.ranks),
                    "--limit",
                    std::to_string(options.limit),
                    "--before",
                    std::to_string(options.before),
                    "--grace",
                    std::to_string(options.grace),
                    "--max-attempts",
                    std::to_string(options.max_attempts),
                    "--stall",
                    std::to_string(options.stall),
                    "--checkpoint",
                    std::to_string(options.checkpoint),
                    "--stage",
                    options.stage,
                    "--digest",
                    options.digest,
                    "--run",
                    launch.run};
  launch.ranks = options.ranks;
  launch.home = Home{options.home};
  launch.grace = 10;
  return LaunchRanks(launch);
}

int RunRank(const Options& options) {
  const DrainSignals signals;
  const auto transport = JoinMpi(MpiModuleFolder());
  if (transport->rank() == 0) {
    return RunRankZero(*transport, Home{options.home}, options.run,
                       [&] { return Coordinate(options, *transport); });
  }
  if (!RunWorker(*transport, MakeSession(options).worker, SystemClock()))
    _exit(kExitInfrastructure);
  transport->Finish();
  return kExitOk;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app{"fake_sweep: a sweep of fake stages"};
  app.add_option("plan", options.plan)->required();
  app.add_option("home", options.home)->required();
  app.add_option("--slots", options.slots);
  app.add_option("--ranks", options.ranks);
  app.add_option("--limit", options.limit);
  app.add_option("--stall", options.stall);
  app.add_option("--checkpoint", options.checkpoint);
  app.add_option("--stage", options.stage);
  app.add_option("--digest", options.digest);
  app.add_option("--run", options.run);
  app.add_option("--before", options.before);
  app.add_option("--grace", options.grace);
  app.add_option("--max-attempts", options.max_attempts);
  app.add_flag("--break-lock", options.break_lock);
  app.add_option("--lock-beat", options.lock.beat);
  app.add_option("--lock-still", options.lock.still);
  CLI11_PARSE(app, argc, argv);
  SetUpLog(Verbosity::kNormal, /*color=*/false);
  if (DetectLauncher().inside) return RunRank(options);
  if (options.ranks > 0) return Launch(options);
  const DrainSignals signals;
  LocalTransport transport;
  return Coordinate(options, transport);
}

}  // namespace
}  // namespace zerosweep

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  try {
    return zerosweep::Main(argc, argv);
  } catch (const zerosweep::Error& error) {
    std::fprintf(stderr, "fake_sweep: %s\n", error.what());
    return zerosweep::ExitCodeFor(error.kind());
  }
}
