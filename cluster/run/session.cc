#include "cluster/run/session.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "cluster/coordinator/artifact_rows.h"
#include "cluster/run/signals.h"
#include "cluster/transport/adaptive_wait.h"
#include "storage/artifacts/artifact_store.h"
#include "storage/artifacts/checkpoints.h"
#include "sweeps/plan/cost_model.h"

namespace zerosweep {
namespace {

// Workers on other nodes exit within 75 s of their coordinator's end, so older folders belong to no
// process.
constexpr double kStagingAge = 120;  // seconds
// A worker waits this long for its coordinator, which has the same signal, to send Leave.
constexpr double kSignalPatience = 1;

// Runs the coordinator and the worker of rank 0 from one transport.
void Loop(Coordinator& coordinator, Worker& worker, Transport& transport,
          const DrainSignals& signals, const Clock& clock) {
  AdaptiveWait wait(clock);
  while (!coordinator.finished()) {
    bool active = false;
    while (const auto envelope = transport.Poll()) {
      const ClusterMessage message = ClusterMessageFromJson(envelope->message);
      if (const auto* to_worker = std::get_if<CoordinatorMessage>(&message)) {
        active = true;
        worker.Handle(*to_worker);
      } else {
        const auto& of_worker = std::get<WorkerMessage>(message);
        // Heartbeats do not count: those of a thousand workers never pause.
        active |= !std::holds_alternative<Heartbeat>(of_worker);
        coordinator.Handle(envelope->from, of_worker);
      }
    }
    if (signals.Requested()) coordinator.Drain();
    active |= worker.Step();
    active |= coordinator.Step();
    wait.Turn(active);
  }
}

// Removes checkpoints of stages that were adopted, or whose coordinator died right after the
// commit.
void RemoveOldCheckpoints(const Plan& plan, const std::vector<StageStatus>& statuses,
                          const Home& home) {
  const std::vector<std::string> kept = StagesWithCheckpoints(home);
  const std::set<std::string> names(kept.begin(), kept.end());
  for (size_t i = 0; i < plan.stages.size() && !names.empty(); ++i)
    if (statuses[i].state == State::kDone && names.contains(plan.stages[i].name))
      RemoveCheckpoints(home, plan.stages[i].name);
}

std::vector<StageStatus> PrepareDatabase(const Plan& plan, const Home& home, ResultsWriter& writer,
                                         ProgressDisplay& display) {
  const ArtifactStore store(home);
  writer.Begin();  // a stage is done with all its rows, or open
  writer.AddSweep(plan.sweep, plan.source, plan.resolved, plan.trials, plan.stages);
  const int closed = writer.CloseOpenAttempts();
  std::vector<std::string> names;
  names.reserve(plan.stages.size());
  for (const StageRow& stage : plan.stages) names.push_back(stage.name);
  std::vector<StageStatus> statuses = writer.Statuses(names);
  const int adopted = AdoptPublished(store, plan, writer, statuses);
  writer.Commit();
  store.RemoveStaleStaging({}, kStagingAge);
  RemoveOldCheckpoints(plan, statuses, home);
  if (closed > 0) {
    display.Line(fmt::format("resuming: {} attempts were cut off, {} of them had finished", closed,
                             adopted));
  }
  return statuses;
}

Outcome MakeOutcome(const Plan& plan, const Scheduler& scheduler, const Coordinator& coordinator,
                    double seconds) {
  Outcome outcome{RunView(plan, scheduler).CountTrials()};
  outcome.stages_run = coordinator.stages_run();
  outcome.attempts_failed = coordinator.attempts_failed();
  outcome.seconds = seconds;
  outcome.exit_code = coordinator.drained() || outcome.open > 0 ? kExitInterrupted
                      : outcome.failed > 0                      ? kExitSomeFailed
                      : scheduler.NothingToDo()                 ? kExitNothingToDo
                                                                : kExitOk;
  return outcome;
}

Outcome RunLocked(const Plan& plan, Transport& transport, const SessionOptions& options,
                  HomeLock& lock, const DrainSignals& signals, const Clock& clock) {
  const Home& home = options.coordinator.home;
  const double start = clock.Monotonic();
  ProgressDisplay display(options.display, clock);
  auto writer = std::make_unique<ResultsWriter>(home, lock);
  writer->SetPublished(options.published);
  const std::vector<StageStatus> statuses = PrepareDatabase(plan, home, *writer, display);
  std::vector<double> costs;
  SchedulerOptions scheduling = options.scheduler;
  for (const CostEstimate& cost : EstimateCosts(plan, CostModel(writer->Costs(), plan.work))) {
    costs.push_back(cost.seconds);
    scheduling.guessed.push_back(cost.basis == CostBasis::kRough);
  }
  Scheduler scheduler(plan.stages, statuses, costs, scheduling);

  StorageThread storage(home, lock, std::move(writer));
  CoordinatorOptions coordinating = options.coordinator;
  coordinating.run = options.run;
  Coordinator coordinator(coordinating, plan, scheduler, storage, transport, display, clock);
  Worker worker(options.worker, transport, clock);
  Loop(coordinator, worker, transport, signals, clock);
  storage.Close();
  for (const std::string& failure : RunView(plan, scheduler).Failures())
    display.Line("failed  " + failure, /*problem=*/true);
  return MakeOutcome(plan, scheduler, coordinator, clock.Monotonic() - start);
}

// Logs the error and returns its exit code.
int ReportError(const std::exception_ptr& pointer) {
  try {
    std::rethrow_exception(pointer);
  } catch (const Error& error) {
    spdlog::error("{}", error.what());
    return ExitCodeFor(error.kind());
  } catch (const std::exception& error) {
    spdlog::error("internal error: {}", error.what());
    return kExitInternal;
  }
}

}  // namespace

Outcome RunSweep(const Plan& plan, Transport& transport, const SessionOptions& options,
                 const Clock& clock) {
  const DrainSignals signals;
  const Home& home = options.coordinator.home;
  home.Create();
  MakePrivateFolder(home.run(options.run));  // from here on the launcher passes signals on to us
  try {
    HomeLock lock(home, clock, options.break_lock, options.lock_limits);
    const Outcome outcome = RunLocked(plan, transport, options, lock, signals, clock);
    WriteOutcome(home, options.run, outcome);
    return outcome;
  } catch (const std::exception& error) {
    WriteFailure(home, options.run, error);
    throw;
  }
}

int RunRankZero(Transport& transport, const Home& home, const std::string& launched_run,
                const std::function<int()>& run) {
  int code = kExitOk;
  std::exception_ptr error;
  try {
    code = run();
  } catch (const std::exception& failure) {
    DismissWorkers(transport);
    if (launched_run.empty() || !WriteFailure(home, launched_run, failure))
      error = std::current_exception();
  }
  if (!transport.complete()) {
    // A collective end would wait for the lost rank forever. Exiting under mpirun without it ends
    // the other ranks.
    if (error) code = ReportError(error);
    std::fflush(nullptr);
    _exit(launched_run.empty() ? code : int{kExitOk});
  }
  transport.Finish();
  if (error) std::rethrow_exception(error);
  return launched_run.empty() ? code : int{kExitOk};
}

bool RunWorker(Transport& transport, const WorkerOptions& options, const Clock& clock) {
  const DrainSignals signals;
  Worker worker(options, transport, clock);
  AdaptiveWait wait(clock);
  std::optional<double> signalled;
  while (!worker.finished()) {
    bool active = false;
    while (const auto envelope = transport.Poll()) {
      active = true;
      const ClusterMessage message = ClusterMessageFromJson(envelope->message);
      if (const auto* to_worker = std::get_if<CoordinatorMessage>(&message))
        worker.Handle(*to_worker);
    }
    for (const int rank : transport.LostRanks())
      if (rank == 0) worker.CoordinatorLost();
    if (signals.Requested() && !worker.draining()) {
      if (!signalled) signalled = clock.Monotonic();
      if (clock.Monotonic() - *signalled > kSignalPatience) worker.Handle(Leave{});
    }
    active |= worker.Step();
    wait.Turn(active);
  }
  return !worker.abandoned();
}

void DismissWorkers(Transport& transport) {
  for (int rank = 1; rank < transport.size(); ++rank)
    transport.Send(rank, ToJson(CoordinatorMessage(Leave{})));
}

}  // namespace zerosweep
