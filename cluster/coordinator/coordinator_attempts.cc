// The coordinator's attempts: requests of their processes and their ends.
#include "base/error.h"
#include "base/text.h"
#include "cluster/coordinator/coordinator.h"

namespace zerosweep {

void Coordinator::On(int rank, const StoreCall& call) {
  const auto found = active_.find(call.request.attempt);
  if (found == active_.end() || found->second.Find(rank, call.rank) == nullptr) return;
  ActiveAttempt& active = found->second;
  try {
    for (const GroupStore::Reply& reply : active.store.Handle(call.rank, call.request))
      Send(active.members.at(static_cast<size_t>(reply.rank)).worker,
           StoreReply{reply.rank, reply.answer});
  } catch (const Error& error) {
    active.RecordFailure(call.rank,
                         {found->first, ErrorKind::kTrial, Failure::kError, error.what()}, {},
                         clock_.Monotonic(), options_.drain_grace);
  }
}

void Coordinator::On(int rank, const AttemptEnded& ended) {
  const std::string& id = std::visit(
      [](const auto& result) -> const std::string& { return result.attempt; }, ended.result);
  const auto found = active_.find(id);
  ActiveAttempt::Member* member =
      found == active_.end() ? nullptr : found->second.Find(rank, ended.rank);
  if (member == nullptr) {
    display_.Line(
        fmt::format("late result of attempt {} from rank {} (given up before); dropped", id, rank));
    return;
  }
  ActiveAttempt& active = found->second;
  EndMember(*member);
  if (const auto* failed = std::get_if<StageFailed>(&ended.result)) {
    active.RecordFailure(ended.rank, *failed, ended.log_tail, clock_.Monotonic(),
                         options_.drain_grace);
  } else if (ended.rank == 0) {
    active.RecordDone(std::get<StageDone>(ended.result), clock_.Monotonic());
  }
  Settle(id);
}

void Coordinator::On(int rank, const Revoked& revoked) {
  const auto found = active_.find(revoked.attempt);
  if (found == active_.end()) return;
  for (ActiveAttempt::Member& member : found->second.members)
    if (member.worker == rank) EndMember(member);
  Settle(revoked.attempt);
}

void Coordinator::EndMember(ActiveAttempt::Member& member) {
  if (!member.alive) return;
  member.alive = false;
  placement_.Release({member.seat});
  member.seat.slots.clear();
}

void Coordinator::EndMembersOf(int rank, bool surely_dead) {
  for (auto& [id, active] : active_) {
    if (!active.AliveOn(rank)) continue;
    active.surely_dead &= surely_dead;
    for (ActiveAttempt::Member& member : active.members)
      if (member.worker == rank) EndMember(member);
  }
}

void Coordinator::Settle(const std::string& id) {
  ActiveAttempt& active = active_.at(id);
  if (active.committing) return;
  if (!active.AnyAlive()) {
    active.failed ? FailAttempt(id) : OnDone(id, active);
    return;
  }
  if (active.revoked || clock_.Monotonic() < active.revoke_at) return;
  active.revoked = true;
  std::set<int> workers;
  for (const ActiveAttempt::Member& member : active.members)
    if (member.alive) workers.insert(member.worker);
  for (const int worker : workers) Send(worker, Revoke{id});
}

void Coordinator::SettleAll() {
  std::vector<std::string> ending;
  for (const auto& [id, active] : active_)
    if (active.failed || active.done) ending.push_back(id);
  for (const std::string& id : ending) Settle(id);
}

void Coordinator::OnDone(const std::string& id, ActiveAttempt& active) {
  const StageDone& done = *active.done;
  active.committing = true;
  active.seconds = clock_.Monotonic() - active.started;
  scheduler_.BeginCommit(active.stage);
  const StageRow& stage = plan_.stages[active.stage];
  for (const std::string& note : done.notes) {
    display_.Line(fmt::format("note    {}: {}", view_.label(active.stage), note));
  }
  AttemptDone row;
  row.attempt = id;
  row.stage = stage.name;
  row.artifact = done.artifact;
  row.metrics = done.metrics;
  row.signature = done.signature;
  row.seconds = done.seconds;
  row.earlier_seconds = done.earlier_seconds;
  row.peak_bytes = done.peak_bytes;
  for (size_t i = 0; i < stage.inputs.size(); ++i)
    row.inputs[stage.design->roles[i]] = scheduler_.artifact(stage.inputs[i]);
  storage_.Finish(row);
}

void Coordinator::FailAttempt(const std::string& id) {
  const ActiveAttempt active = std::move(active_.at(id));
  active_.erase(id);
  const StageFailed& failed = *active.failed;
  if (active.cancelled) return RecordEnd(id, active, /*final=*/false);
  const bool interrupted = failed.failure == Failure::kInterrupted;
  if (!interrupted) ++attempts_failed_;
  // A full disk or an unusable device is not the trial's fault: the stage stays open and the run
  // ends.
  const bool blameless = failed.failure == Failure::kError &&
                         (failed.kind == ErrorKind::kStorage || failed.kind == ErrorKind::kCluster);
  const bool final = !blameless && scheduler_.Failed(active.stage, failed, clock_.Monotonic());
  RecordEnd(id, active, final);
  if (blameless) Fail(failed.kind, "{}: {}", view_.label(active.stage), failed.message);
  const std::string line = fmt::format("{}  {} (attempt {}): {}: {}",
                                       final         ? "failed"
                                       : interrupted ? "paused"
                                                     : "again ",
                                       view_.label(active.stage), active.number,
                                       ToString(failed.failure), failed.message);
  final ? Problem(line) : display_.Line(line);
}

void Coordinator::RecordEnd(const std::string& id, const ActiveAttempt& active, bool final) {
  AttemptFailed row;
  row.attempt = id;
  row.stage = plan_.stages[active.stage].name;
  row.kind = active.failed->kind;
  row.failure = active.failed->failure;
  row.message = Redact(active.failed->message);
  row.log_tail = active.log_tail;
  row.seconds = clock_.Monotonic() - active.started;
  row.final = final;
  // Where a process is only presumed dead, the staging folder stays until the next start.
  storage_.Fail(row, active.surely_dead);
}

void Coordinator::InterruptAttempts() {
  for (auto active = active_.begin(); active != active_.end();) {
    if (active->second.committing) {
      ++active;
      continue;
    }
    if (!active->second.cancelled) {
      scheduler_.PutBack(active->second.stage);
      active->second.failed = {active->first, ErrorKind::kCluster, Failure::kInterrupted,
                               "the run was interrupted"};
    }
    RecordEnd(active->first, active->second, /*final=*/false);
    active = active_.erase(active);
  }
}

}  // namespace zerosweep
