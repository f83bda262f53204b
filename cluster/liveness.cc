#include "cluster/liveness.h"

namespace zerosweep {
namespace {
constexpr double kOwnAbsence = 2;  // seconds between two turns of the main loop
}  // namespace

Liveness::Liveness(const Clock& clock, double limit)
    : clock_(clock), limit_(limit), last_tick_(clock.Monotonic()) {}

void Liveness::Seen(int rank) { last_seen_[rank] = clock_.Monotonic(); }

void Liveness::Forget(int rank) { last_seen_.erase(rank); }

void Liveness::Tick() {
  const double now = clock_.Monotonic();
  const double absent = now - last_tick_;
  last_tick_ = now;
  if (absent <= kOwnAbsence) return;
  for (auto& [rank, seen] : last_seen_) seen += absent;
}

std::vector<int> Liveness::TakeSilent() {
  std::vector<int> silent;
  for (const auto& [rank, seen] : last_seen_)
    if (clock_.Monotonic() - seen > limit_) silent.push_back(rank);
  for (const int rank : silent) last_seen_.erase(rank);
  return silent;
}

}  // namespace zerosweep
