// The coordinator's attempts: requests of their processes and their ends.
#include "base/error.h"
#include "base/text.h"
#include "cluster/coordinator/coordinator.h"

namespace zerosweep {

void Coordinator::OnStoreCall(int rank, const StoreCall& call) {
  const auto found = flights_.find(call.request.attempt);
  if (found == flights_.end() || found->second.Find(rank, call.rank) == nullptr) return;
  Flight& flight = found->second;
  try {
    for (const GroupStore::Reply& reply : flight.store.Handle(call.rank, call.request))
      Send(flight.members.at(static_cast<size_t>(reply.rank)).worker,
           StoreReply{reply.rank, reply.answer});
  } catch (const Error& error) {
    flight.NoteFailure(call.rank, {found->first, ErrorKind::kTrial, Failure::kError, error.what()},
                       {}, clock_.Monotonic(), options_.drain_grace);
  }
}

void Coordinator::OnEnded(int rank, const AttemptEnded& ended) {
  const std::string& id = std::visit(
      [](const auto& result) -> const std::string& { return result.attempt; }, ended.result);
  const auto found = flights_.find(id);
  Flight::Member* member = found == flights_.end() ? nullptr : found->second.Find(rank, ended.rank);
  if (member == nullptr) {
    display_.Line(
        fmt::format("late result of attempt {} from rank {} (given up before); dropped", id, rank));
    return;
  }
  Flight& flight = found->second;
  EndMember(*member);
  if (const auto* failed = std::get_if<StageFailed>(&ended.result)) {
    flight.NoteFailure(ended.rank, *failed, ended.log_tail, clock_.Monotonic(),
                       options_.drain_grace);
  } else if (ended.rank == 0) {
    flight.NoteDone(std::get<StageDone>(ended.result), clock_.Monotonic());
  }
  Settle(id);
}

void Coordinator::OnRevoked(int rank, const std::string& attempt) {
  const auto found = flights_.find(attempt);
  if (found == flights_.end()) return;
  for (Flight::Member& member : found->second.members)
    if (member.worker == rank) EndMember(member);
  Settle(attempt);
}

void Coordinator::EndMember(Flight::Member& member) {
  if (!member.alive) return;
  member.alive = false;
  placement_.Release({member.seat});
  member.seat.slots.clear();
}

void Coordinator::EndMembersOf(int rank, bool surely_dead) {
  for (auto& [id, flight] : flights_) {
    if (!flight.AliveOn(rank)) continue;
    flight.surely_dead &= surely_dead;
    for (Flight::Member& member : flight.members)
      if (member.worker == rank) EndMember(member);
  }
}

void Coordinator::Settle(const std::string& id) {
  Flight& flight = flights_.at(id);
  if (flight.committing) return;
  if (!flight.AnyAlive()) {
    flight.failed ? FailFlight(id) : OnDone(id, flight);
    return;
  }
  if (flight.revoked || clock_.Monotonic() < flight.revoke_at) return;
  flight.revoked = true;
  std::set<int> workers;
  for (const Flight::Member& member : flight.members)
    if (member.alive) workers.insert(member.worker);
  for (const int worker : workers) Send(worker, Revoke{id});
}

void Coordinator::SettleAll() {
  std::vector<std::string> ending;
  for (const auto& [id, flight] : flights_)
    if (flight.failed || flight.done) ending.push_back(id);
  for (const std::string& id : ending) Settle(id);
}

void Coordinator::OnDone(const std::string& id, Flight& flight) {
  const StageDone& done = *flight.done;
  flight.committing = true;
  flight.seconds = clock_.Monotonic() - flight.started;
  scheduler_.BeginCommit(flight.stage);
  const StageRow& stage = plan_.stages[flight.stage];
  for (const std::string& note : done.notes) {
    display_.Line(fmt::format("note    {}: {}", view_.label(flight.stage), note));
  }
  AttemptDone row;
  row.attempt = id;
  row.stage = stage.name;
  row.artifact = done.artifact;
  row.metrics = done.metrics;
  row.signature = done.signature;
  row.seconds = done.seconds;
  row.earlier_seconds = done.earlier_seconds;
  for (size_t i = 0; i < stage.inputs.size(); ++i)
    row.inputs[stage.design->roles[i]] = scheduler_.artifact(stage.inputs[i]);
  storage_.Finish(row);
}

void Coordinator::FailFlight(const std::string& id) {
  const Flight flight = std::move(flights_.at(id));
  flights_.erase(id);
  const StageFailed& failed = *flight.failed;
  if (flight.cancelled) return RecordEnd(id, flight, /*final=*/false);
  const bool interrupted = failed.failure == Failure::kInterrupted;
  if (!interrupted) ++attempts_failed_;
  // A full disk or an unusable device is not the trial's fault: the stage stays open and the run
  // ends.
  const bool blameless = failed.failure == Failure::kError &&
                         (failed.kind == ErrorKind::kStorage || failed.kind == ErrorKind::kCluster);
  const bool final = !blameless && scheduler_.Failed(flight.stage, failed, clock_.Monotonic());
  RecordEnd(id, flight, final);
  if (blameless) Fail(failed.kind, "{}: {}", view_.label(flight.stage), failed.message);
  const std::string line = fmt::format("{}  {} (attempt {}): {}: {}",
                                       final         ? "failed"
                                       : interrupted ? "paused"
                                                     : "again ",
                                       view_.label(flight.stage), flight.number,
                                       ToString(failed.failure), failed.message);
  final ? Problem(line) : display_.Line(line);
}

void Coordinator::RecordEnd(const std::string& id, const Flight& flight, bool final) {
  AttemptFailed row;
  row.attempt = id;
  row.stage = plan_.stages[flight.stage].name;
  row.kind = flight.failed->kind;
  row.failure = flight.failed->failure;
  row.message = Redact(flight.failed->message);
  row.log_tail = flight.log_tail;
  row.seconds = clock_.Monotonic() - flight.started;
  row.final = final;
  // Where a process is only presumed dead, the staging folder stays until the next start.
  storage_.Fail(row, flight.surely_dead);
}

void Coordinator::InterruptFlights() {
  for (auto flight = flights_.begin(); flight != flights_.end();) {
    if (flight->second.committing) {
      ++flight;
      continue;
    }
    if (!flight->second.cancelled) {
      scheduler_.PutBack(flight->second.stage);
      flight->second.failed = {flight->first, ErrorKind::kCluster, Failure::kInterrupted,
                               "the run was interrupted"};
    }
    RecordEnd(flight->first, flight->second, /*final=*/false);
    flight = flights_.erase(flight);
  }
}

}  // namespace zerosweep
