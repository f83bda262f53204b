#include "cluster/coordinator/active_attempt.h"

#include <algorithm>

#include "base/error.h"

namespace zerosweep {
namespace {

constexpr double kLookForCause = 1;  // seconds
constexpr double kFollowDone = 10;

int Weight(int rank, const StageFailed& failed) {
  if (failed.failure == Failure::kInterrupted) return rank == 0 ? 3 : 2;
  return failed.failure == Failure::kLostWorker ? 0 : 1;
}

}  // namespace

ActiveAttempt::Member* ActiveAttempt::Find(int worker, int rank) {
  if (rank < 0 || static_cast<size_t>(rank) >= members.size()) return nullptr;
  Member& member = members[static_cast<size_t>(rank)];
  return member.alive && member.worker == worker ? &member : nullptr;
}

bool ActiveAttempt::AnyAlive() const {
  return std::ranges::any_of(members, [](const Member& m) { return m.alive; });
}

bool ActiveAttempt::AliveOn(int worker) const {
  return std::ranges::any_of(members,
                             [&](const Member& m) { return m.alive && m.worker == worker; });
}

void ActiveAttempt::RecordProgress(const StageProgress& reported, double now) {
  if (!counted_since || reported.unit != progress.unit || reported.total != progress.total ||
      reported.done < progress.done) {
    counted_from = reported.done;
    counted_since = now;
  }
  progress = reported;
}

void ActiveAttempt::RecordFailure(int rank, const StageFailed& why, const std::string& tail,
                                  double now, double grace) {
  if (done || cancelled) return;
  const double patience = why.failure == Failure::kInterrupted               ? grace
                          : why.failure == Failure::kLostWorker && rank >= 0 ? kLookForCause
                                                                             : 0;
  revoke_at = std::min(revoke_at, now + patience);
  if (failed && Weight(rank, why) <= weight) return;
  weight = Weight(rank, why);
  failed = why;
  log_tail = tail;
  if (members.size() > 1 && rank >= 0)
    failed->message = fmt::format("rank {} of {}: {}", rank, members.size(), why.message);
}

void ActiveAttempt::RecordDone(const StageDone& made, double now) {
  if (failed) return;
  done = made;
  revoke_at = now + kFollowDone;
}

}  // namespace zerosweep
