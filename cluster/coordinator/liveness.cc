#include "cluster/coordinator/liveness.h"

#include <algorithm>

namespace zerosweep {

Liveness::Liveness(const Clock& clock, double limit) : time_(clock), limit_(limit) {}

void Liveness::Seen(int rank) { last_seen_[rank] = time_.Seconds(); }

void Liveness::Forget(int rank) { last_seen_.erase(rank); }

std::vector<int> Liveness::TakeSilent() {
  const double now = time_.Seconds();
  if (now < nobody_before_) return {};
  std::vector<int> silent;
  nobody_before_ = now + limit_;
  for (const auto& [rank, seen] : last_seen_) {
    if (now - seen > limit_)
      silent.push_back(rank);
    else
      nobody_before_ = std::min(nobody_before_, seen + limit_);
  }
  for (const int rank : silent) last_seen_.erase(rank);
  return silent;
}

}  // namespace zerosweep
