// Stages that do nothing, through the real protocol between ranks: the coordinator with its
// scheduler, storage thread and database on rank 0, over MPI to workers that answer at once. No
// stage process, and nothing staged: what is measured is the engine itself.
//
//   ranks_bench HOME [--ranks R] [--slots S] [--stages N]
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/files.h"
#include "base/hash.h"
#include "base/log.h"
#include "cluster/coordinator/coordinator.h"
#include "cluster/run/launcher.h"
#include "cluster/run/session.h"
#include "cluster/run/signals.h"
#include "cluster/transport/adaptive_wait.h"
#include "cluster/transport/mpi_loader.h"

namespace zerosweep {
namespace {

struct Options {
  std::string home, run;
  int ranks = 3, slots = 256, stages = 100'000;
};

Plan NoOps(int count) {
  Plan plan;
  plan.sweep = "no-ops";
  const auto design = std::make_shared<const StageDesign>(
      StageDesign{.kind = "evaluate", .implementation = "evaluate"});
  const auto configuration = std::make_shared<const Configuration>();
  for (int i = 0; i < count; ++i) {
    const std::string name = Sha256Hex(std::to_string(i));
    plan.stages.push_back({name, design, i, {}});
    plan.trials.push_back({name, configuration, {i, i}, {static_cast<size_t>(i)}});
  }
  return plan;
}

StageDone Answer(const Assign& assign) {
  StageDone done;
  done.attempt = assign.run.attempt;
  done.artifact = assign.run.stage.name;
  done.metrics = {{"top1", 90}, {"loss", 0.4}};
  done.seconds = 1e-6;
  done.signature = {{"cpu", "none"}};
  return done;
}

void Work(Transport& transport) {
  transport.Send(0, ToJson(WorkerMessage(JoinRequest{"node", 1, {}, 1e9, ""})));
  AdaptiveWait wait(SystemClock());
  for (bool left = false; !left;) {
    bool active = false;
    while (const auto envelope = transport.Poll()) {
      active = true;
      const auto order = std::get<CoordinatorMessage>(ClusterMessageFromJson(envelope->message));
      if (const auto* assign = std::get_if<Assign>(&order))
        transport.Send(0, ToJson(WorkerMessage(AttemptEnded{Answer(*assign), {}})));
      left = left || std::holds_alternative<Leave>(order);
    }
    wait.Turn(active);
  }
  transport.Send(0, ToJson(WorkerMessage(Goodbye{})));
}

void RunToEnd(Coordinator& coordinator, Transport& transport) {
  AdaptiveWait wait(SystemClock());
  while (!coordinator.finished()) {
    bool active = false;
    while (const auto envelope = transport.Poll()) {
      active = true;
      const ClusterMessage message = ClusterMessageFromJson(envelope->message);
      if (const auto* word = std::get_if<WorkerMessage>(&message))
        coordinator.Handle(envelope->from, *word);
      else if (std::holds_alternative<Leave>(std::get<CoordinatorMessage>(message)))
        coordinator.Handle(0, Goodbye{});  // rank 0 has no worker here
    }
    active |= coordinator.Step();
    wait.Turn(active);
  }
}

int Coordinate(const Options& options, Transport& transport) {
  const Home home{options.home};
  home.Create();
  MakePrivateFolder(home.run(options.run));
  const Plan plan = NoOps(options.stages);
  HomeLock lock(home, SystemClock());
  auto writer = std::make_unique<ResultsWriter>(home, lock);
  writer->AddSweep(plan.sweep, plan.source, plan.resolved, plan.trials, plan.stages);
  const std::vector<StageStatus> statuses(plan.stages.size());
  Scheduler scheduler(plan.stages, statuses, std::vector<double>(plan.stages.size(), 1));
  const auto publish = [](const AttemptDone& done) {
    Published published;
    published.digest = done.artifact;
    published.manifest.stage = done.stage;
    return published;
  };
  StorageThread storage(home, lock, std::move(writer), publish);
  DisplayOptions quiet;
  quiet.quiet = true;
  ProgressDisplay display(quiet, SystemClock());
  CoordinatorOptions coordinating;
  coordinating.home = home;
  coordinating.slots.slots = options.slots;
  Coordinator coordinator(coordinating, plan, scheduler, storage, transport, display,
                          SystemClock());
  const double start = SystemClock().Monotonic();
  RunToEnd(coordinator, transport);
  storage.Close();
  const double seconds = SystemClock().Monotonic() - start;
  std::printf("%d no-op stages, %d workers of %d slots over MPI: %.2f s, %.0f a second\n",
              coordinator.stages_run(), transport.size() - 1, options.slots, seconds,
              coordinator.stages_run() / seconds);
  Outcome outcome;
  outcome.stages_run = coordinator.stages_run();
  WriteOutcome(home, options.run, outcome);
  return kExitOk;
}

int Launch(Options options) {
  LaunchOptions launch;
  launch.run = NewUuid();
  launch.command = {std::filesystem::read_symlink("/proc/self/exe").string(),
                    options.home,
                    "--slots",
                    std::to_string(options.slots),
                    "--stages",
                    std::to_string(options.stages),
                    "--run",
                    launch.run};
  launch.ranks = options.ranks;
  launch.home = Home{options.home};
  return LaunchRanks(launch);
}

int RunRank(const Options& options) {
  const DrainSignals signals;
  const auto transport = JoinMpi(MpiModuleFolder());
  if (transport->rank() == 0)
    return RunRankZero(*transport, Home{options.home}, options.run,
                       [&] { return Coordinate(options, *transport); });
  Work(*transport);
  transport->Finish();
  return kExitOk;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app{"ranks_bench: the engine's own throughput"};
  app.add_option("home", options.home)->required();
  app.add_option("--ranks", options.ranks);
  app.add_option("--slots", options.slots);
  app.add_option("--stages", options.stages);
  app.add_option("--run", options.run);
  CLI11_PARSE(app, argc, argv);
  SetUpLog(Verbosity::kNormal, /*color=*/false);
  return DetectLauncher().inside ? RunRank(options) : Launch(options);
}

}  // namespace
}  // namespace zerosweep

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  try {
    return zerosweep::Main(argc, argv);
  } catch (const zerosweep::Error& error) {
    std::fprintf(stderr, "ranks_bench: %s\n", error.what());
    return zerosweep::ExitCodeFor(error.kind());
  }
}
