// The coordinator: what workers say, how attempts end, how the run ends.
#include "cluster/coordinator.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace zerosweep {
namespace {
constexpr double kAlivePeriod = 1;  // seconds
constexpr size_t kProblemsKept = 20;
}  // namespace

int SlotsOfRank(const SlotPolicy& policy, int rank, int ranks, const JoinRequest& join) {
  const bool gpus = join.gpus > 0 && policy.device != "cpu";
  const int natural = gpus ? join.gpus : std::max(1, join.cores / std::max(1, policy.threads));
  const int asked = policy.slots > 0 ? policy.slots : natural;
  if (!policy.spread) return asked;
  return std::max(1, asked / ranks + (rank < asked % ranks ? 1 : 0));
}

Coordinator::Coordinator(CoordinatorOptions options, const Plan& plan, Scheduler& scheduler,
                         StorageThread& storage, Transport& transport, ProgressDisplay& display,
                         const Clock& clock)
    : options_(std::move(options)),
      plan_(plan),
      scheduler_(scheduler),
      storage_(storage),
      transport_(transport),
      display_(display),
      clock_(clock),
      view_(plan, scheduler),
      eta_(plan.stages, scheduler),
      liveness_(clock, options_.worker_limit),
      started_(clock.Monotonic()) {
  for (size_t i = 0; i < scheduler.size(); ++i)
    if (scheduler.phase(i) != Scheduler::Phase::kDone) ++stages_to_run_;
  // A rank that never joins is lost like one that falls silent. Rank 0 is this process.
  for (int rank = 1; rank < transport.size(); ++rank) liveness_.Seen(rank);
}

void Coordinator::Handle(int from, const WorkerMessage& message) {
  if (gone_.contains(from)) return Dismiss(from);
  if (from != 0) liveness_.Seen(from);
  if (const auto* join = std::get_if<JoinRequest>(&message)) {
    OnJoin(from, *join);
  } else if (const auto* beat = std::get_if<Beat>(&message)) {
    for (const StageProgress& progress : beat->progress) {
      const auto flight = flights_.find(progress.attempt);
      if (flight != flights_.end()) flight->second.progress = progress;
    }
  } else if (const auto* ended = std::get_if<Ended>(&message)) {
    OnEnded(from, *ended);
  } else if (const auto* broken = std::get_if<Broken>(&message)) {
    if (phase_ == Phase::kRunning) Fail(ErrorKind::kCluster, "{}", broken->message);
  } else {
    OnLeft(from);
  }
}

void Coordinator::Dismiss(int rank) {
  if (!dismissed_.insert(rank).second) return;
  display_.Line(fmt::format("rank {} speaks after it was given up; it is told to leave", rank));
  Send(rank, Leave{});
}

void Coordinator::OnJoin(int rank, const JoinRequest& join) {
  if (phase_ != Phase::kRunning) return;
  WorkerState worker{join.node, {}};
  const int slots = SlotsOfRank(options_.slots, rank, transport_.size(), join);
  const bool gpus = join.gpus > 0 && options_.slots.device != "cpu";
  // Ranks of one host see the same GPUs: their slots go round them together.
  const int first = options_.slots.spread ? rank * slots : 0;
  for (int i = 0; i < slots; ++i)
    worker.devices.push_back(gpus ? fmt::format("cuda:{}", (first + i) % join.gpus) : "cpu");
  workers_[rank] = std::move(worker);
  // Ranks of one host share its memory, too.
  const double memory = options_.slots.spread ? join.memory / transport_.size() : join.memory;
  placement_.AddNode(rank, {slots, gpus, join.cores, memory});
}

void Coordinator::OnEnded(int rank, const Ended& ended) {
  const std::string& id = std::visit(
      [](const auto& result) -> const std::string& { return result.attempt; }, ended.result);
  const auto found = flights_.find(id);
  if (found == flights_.end()) {
    display_.Line(
        fmt::format("late result of attempt {} from rank {} (given up before); dropped", id, rank));
    return;
  }
  FreeSeats(found->second);
  if (const auto* done = std::get_if<StageDone>(&ended.result)) {
    OnDone(id, found->second, *done);
  } else {
    FailFlight(id, std::get<StageFailed>(ended.result), ended.log_tail, /*process_dead=*/true);
  }
}

void Coordinator::OnDone(const std::string& id, Flight& flight, const StageDone& done) {
  flight.committing = true;
  flight.seconds = clock_.Monotonic() - flight.started;
  scheduler_.BeginCommit(flight.stage);
  const StageRow& stage = plan_.stages[flight.stage];
  AttemptDone row{id, stage.name, done.artifact, {}, done.metrics, done.signature, done.seconds, 0};
  for (size_t i = 0; i < stage.inputs.size(); ++i)
    row.inputs[stage.design->roles[i]] = scheduler_.artifact(stage.inputs[i]);
  storage_.Finish(row);
}

void Coordinator::FailFlight(const std::string& id, const StageFailed& failed,
                             const std::string& log_tail, bool process_dead) {
  Flight flight = std::move(flights_.at(id));
  flights_.erase(id);
  FreeSeats(flight);
  const bool interrupted = failed.failure == "interrupted";
  if (!interrupted) ++attempts_failed_;
  // A full disk or an unusable device is not the trial's fault: the stage stays open and the run
  // ends.
  const bool blameless = failed.failure == "error" &&
                         (failed.kind == ErrorKind::kStorage || failed.kind == ErrorKind::kCluster);
  const bool final = !blameless && scheduler_.Failed(flight.stage, failed, clock_.Monotonic());
  RecordEnd(id, flight, failed, log_tail, final, process_dead);
  if (blameless) Fail(failed.kind, "{}: {}", view_.label(flight.stage), failed.message);
  const std::string line =
      fmt::format("{}  {} (attempt {}): {}: {}",
                  final         ? "failed"
                  : interrupted ? "paused"
                                : "again ",
                  view_.label(flight.stage), flight.number, failed.failure, failed.message);
  final ? Problem(line) : display_.Line(line);
}

void Coordinator::Problem(const std::string& text) {
  display_.Line(text, /*problem=*/true);
  problems_.push_back(text);
  if (problems_.size() > kProblemsKept) problems_.pop_front();
}

void Coordinator::RecordEnd(const std::string& id, const Flight& flight, const StageFailed& failed,
                            const std::string& log_tail, bool final, bool process_dead) {
  AttemptFailed row;
  row.attempt = id;
  row.stage = plan_.stages[flight.stage].name;
  row.kind = failed.kind;
  row.failure = failed.failure;
  row.message = Redact(failed.message);
  row.log_tail = log_tail;
  row.seconds = clock_.Monotonic() - flight.started;
  row.final = final;
  storage_.Fail(row, process_dead);
}

void Coordinator::RankLost(int rank, const std::string& why) {
  if (rank == 0 || !gone_.insert(rank).second) return;
  liveness_.Forget(rank);
  workers_.erase(rank);
  placement_.RemoveNode(rank);
  transport_.GiveUp(rank);
  if (phase_ != Phase::kRunning) return;
  Problem(fmt::format("rank {} is lost ({}); its stages run again elsewhere", rank, why));
  std::vector<std::string> ids;
  for (const auto& [id, flight] : flights_)
    if (flight.rank == rank && !flight.committing) ids.push_back(id);
  for (const std::string& id : ids) {
    // Only a guess at its death: the staging folder stays until the next start.
    FailFlight(id, {id, ErrorKind::kCluster, "lost_worker", fmt::format("rank {}: {}", rank, why)},
               {}, /*process_dead=*/false);
  }
}

void Coordinator::OnLeft(int rank) {
  liveness_.Forget(rank);
  if (phase_ == Phase::kRunning) return RankLost(rank, "left early");
  gone_.insert(rank);
  workers_.erase(rank);
  placement_.RemoveNode(rank);
}

void Coordinator::FreeSeats(Flight& flight) {
  placement_.Release(flight.seats);
  flight.seats.clear();
}

bool Coordinator::Step() {
  bool active = HandleStorage();
  liveness_.Turn();
  for (const int rank : transport_.LostRanks()) RankLost(rank, "its process ended");
  for (const int rank : liveness_.TakeSilent())
    RankLost(rank, fmt::format("silent for {:.0f} s", options_.worker_limit));
  SendAlive();
  if (phase_ == Phase::kRunning) {
    active |= AssignReady();
    if (scheduler_.Finished() && flights_.empty()) {
      BeginLeaving();
    } else if (scheduler_.OnlyHeldBack()) {
      display_.Line(
          "nothing that is left would end before the allocation does; it waits for the next");
      Drain();
    }
  } else if (phase_ == Phase::kDraining) {
    const bool patient = clock_.Monotonic() - draining_since_ < options_.drain_grace;
    if (!patient || !AnyoneSaves()) BeginLeaving();
  } else if (phase_ == Phase::kLeaving) {
    const bool patient = clock_.Monotonic() - leaving_since_ < options_.leave_limit;
    const bool all_gone = gone_.size() == static_cast<size_t>(transport_.size());
    if (all_gone || !patient) {
      InterruptFlights();
      if (flights_.empty() && storage_.Idle()) phase_ = Phase::kFinished;
    }
  }
  Show();
  return active;
}

void Coordinator::SendAlive() {
  const double now = clock_.Monotonic();
  if (now - last_alive_ < kAlivePeriod) return;
  last_alive_ = now;
  for (int rank = 1; rank < transport_.size(); ++rank)
    if (!gone_.contains(rank)) Send(rank, Alive{});
}

void Coordinator::Drain() {
  if (phase_ != Phase::kRunning) return;
  drained_ = !scheduler_.Finished();
  phase_ = Phase::kDraining;
  draining_since_ = clock_.Monotonic();
  for (int rank = 0; rank < transport_.size(); ++rank)
    if (!gone_.contains(rank)) Send(rank, zerosweep::Drain{});
  if (AnyoneSaves()) {
    display_.Line(
        fmt::format("interrupted: running stages have {:.0f} s to save and leave; a second "
                    "signal ends them at once",
                    options_.drain_grace));
  }
}

bool Coordinator::AnyoneSaves() const {
  return std::any_of(flights_.begin(), flights_.end(), [&](const auto& flight) {
    return !flight.second.committing && !gone_.contains(flight.second.rank);
  });
}

void Coordinator::BeginLeaving() {
  phase_ = Phase::kLeaving;
  leaving_since_ = clock_.Monotonic();
  for (int rank = 0; rank < transport_.size(); ++rank)
    if (!gone_.contains(rank)) Send(rank, Leave{});
}

void Coordinator::InterruptFlights() {
  for (auto flight = flights_.begin(); flight != flights_.end();) {
    if (flight->second.committing) {
      ++flight;
      continue;
    }
    scheduler_.PutBack(flight->second.stage);
    RecordEnd(flight->first, flight->second,
              {flight->first, ErrorKind::kCluster, "interrupted", "the run was interrupted"}, {},
              /*final=*/false, /*process_dead=*/true);
    flight = flights_.erase(flight);
  }
}

}  // namespace zerosweep
