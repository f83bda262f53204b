#include "cluster/liveness.h"

namespace zerosweep {

Liveness::Liveness(const Clock& clock, double limit) : time_(clock), limit_(limit) {}

void Liveness::Seen(int rank) { last_seen_[rank] = time_.Seconds(); }

void Liveness::Forget(int rank) { last_seen_.erase(rank); }

std::vector<int> Liveness::TakeSilent() {
  std::vector<int> silent;
  for (const auto& [rank, seen] : last_seen_)
    if (time_.Seconds() - seen > limit_) silent.push_back(rank);
  for (const int rank : silent) last_seen_.erase(rank);
  return silent;
}

}  // namespace zerosweep
