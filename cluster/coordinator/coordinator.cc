// The coordinator: workers' messages, ends of attempts, the end of the run.
#include "cluster/coordinator/coordinator.h"

#include <algorithm>

#include "base/error.h"

namespace zerosweep {
namespace {
constexpr double kAlivePeriod = 1;  // seconds
constexpr size_t kProblemsKept = 20;
}  // namespace

int SlotsOfRank(const SlotPolicy& policy, int rank, int ranks, const JoinRequest& join) {
  const int natural = join.gpus.empty() ? std::max(1, join.cores / std::max(1, policy.threads))
                                        : static_cast<int>(join.gpus.size());
  const int asked = policy.slots > 0 ? policy.slots : natural;
  if (!policy.spread) return asked;
  return std::max(1, asked / ranks + (rank < asked % ranks ? 1 : 0));
}

std::vector<std::string> DevicesOfRank(const SlotPolicy& policy, int rank, int ranks,
                                       const JoinRequest& join) {
  const auto slots = static_cast<size_t>(SlotsOfRank(policy, rank, ranks, join));
  std::vector<std::string> devices(slots, "cpu");
  // Ranks of one host see the same GPUs, so their slots share them round-robin.
  const size_t first = policy.spread ? static_cast<size_t>(rank) * slots : 0;
  for (size_t i = 0; i < slots && !join.gpus.empty(); ++i)
    devices[i] = join.gpus[(first + i) % join.gpus.size()];
  return devices;
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
  std::visit([&](const auto& content) { On(from, content); }, message);
}

void Coordinator::On(int, const Heartbeat& beat) {
  for (const StageProgress& progress : beat.progress) {
    const auto active = active_.find(progress.attempt);
    if (active != active_.end()) active->second.RecordProgress(progress, clock_.Monotonic());
  }
}

void Coordinator::On(int, const WorkerFailed& broken) {
  if (phase_ == Phase::kRunning) Fail(ErrorKind::kCluster, "{}", broken.message);
}

void Coordinator::Dismiss(int rank) {
  if (!dismissed_.insert(rank).second) return;
  display_.Line(
      fmt::format("rank {} sent a message after it was given up; asking it to leave", rank));
  Send(rank, Leave{});
}

void Coordinator::On(int rank, const JoinRequest& request) {
  if (phase_ != Phase::kRunning) return;
  JoinRequest join = request;
  const SlotPolicy& policy = options_.slots;
  if (policy.spread) {
    // Rank 0, whose message comes first, has probed the GPUs for all ranks: two probes at once
    // disturb each other. The ranks also share the memory.
    if (rank == 0) host_gpus_ = join.gpus;
    join.gpus = host_gpus_;
    join.memory /= transport_.size();
  }
  if (!join.warning.empty()) Problem(join.warning);
  WorkerState worker{join.node, DevicesOfRank(policy, rank, transport_.size(), join)};
  const int slots = static_cast<int>(worker.devices.size());
  workers_[rank] = std::move(worker);
  placement_.AddNode(rank, {slots, !join.gpus.empty(), join.cores, join.memory});
}

void Coordinator::Problem(const std::string& text) {
  display_.Line(text, /*problem=*/true);
  problems_.push_back(text);
  if (problems_.size() > kProblemsKept) problems_.pop_front();
}

void Coordinator::RankLost(int rank, const std::string& why) {
  if (rank == 0 || !gone_.insert(rank).second) return;
  liveness_.Forget(rank);
  workers_.erase(rank);
  placement_.RemoveNode(rank);
  transport_.GiveUp(rank);
  if (phase_ != Phase::kRunning) return;
  Problem(fmt::format("rank {} is lost ({}); its stages run again elsewhere", rank, why));
  for (auto& [id, active] : active_) {
    if (!active.AliveOn(rank)) continue;
    active.RecordFailure(
        -1, {id, ErrorKind::kCluster, Failure::kLostWorker, fmt::format("rank {}: {}", rank, why)},
        {}, clock_.Monotonic(), options_.drain_grace);
  }
  EndMembersOf(rank, /*surely_dead=*/false);
  SettleAll();
}

void Coordinator::On(int rank, const Goodbye&) {
  liveness_.Forget(rank);
  if (phase_ == Phase::kRunning) return RankLost(rank, "left early");
  gone_.insert(rank);
  workers_.erase(rank);
  placement_.RemoveNode(rank);
  EndMembersOf(rank, /*surely_dead=*/true);
}

bool Coordinator::Step() {
  bool active = HandleStorage();
  liveness_.Turn();
  for (const int rank : transport_.LostRanks()) RankLost(rank, "its process ended");
  for (const int rank : liveness_.TakeSilent())
    RankLost(rank, fmt::format("silent for {:.0f} s", options_.worker_limit));
  SendAlive();
  SettleAll();
  if (phase_ == Phase::kRunning) {
    active |= AssignReady();
    if (scheduler_.Finished() && active_.empty()) {
      BeginLeaving();
    } else if (scheduler_.OnlyHeldBack()) {
      display_.Line(
          "no remaining stage would end before the allocation does; they wait for the next one");
      Drain();
    }
  } else if (phase_ == Phase::kDraining) {
    const bool patient = clock_.Monotonic() - draining_since_ < options_.drain_grace;
    if (!patient || !AnyoneSaves()) BeginLeaving();
  } else if (phase_ == Phase::kLeaving) {
    const bool patient = clock_.Monotonic() - leaving_since_ < options_.leave_limit;
    const bool all_gone = gone_.size() == static_cast<size_t>(transport_.size());
    if (all_gone || !patient) {
      InterruptAttempts();
      if (active_.empty() && storage_.Idle()) phase_ = Phase::kFinished;
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
  if (AnyoneSaves() && options_.drain_grace > 0) {
    display_.Line(
        fmt::format("interrupted: running stages have {:.0f} s to save and leave; a second "
                    "signal ends them at once",
                    options_.drain_grace));
  }
}

bool Coordinator::AnyoneSaves() const {
  return std::ranges::any_of(active_, [&](const auto& active) {
    const auto& members = active.second.members;
    return std::ranges::any_of(members, [&](const ActiveAttempt::Member& member) {
      return member.alive && !gone_.contains(member.worker);
    });
  });
}

void Coordinator::BeginLeaving() {
  phase_ = Phase::kLeaving;
  leaving_since_ = clock_.Monotonic();
  for (int rank = 0; rank < transport_.size(); ++rank)
    if (!gone_.contains(rank)) Send(rank, Leave{});
}

}  // namespace zerosweep
