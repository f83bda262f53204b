// Who has been silent for too long, by our own clock.
#pragma once

#include <map>
#include <vector>

#include "cluster/transport/suspend_aware_clock.h"

namespace zerosweep {

class Liveness {
 public:
  // `limit`: seconds of silence after which a rank counts as lost.
  Liveness(const Clock& clock, double limit);

  // A sign of life of this rank (its first one begins the watch).
  void Seen(int rank);
  void Forget(int rank);
  // To be called by every turn of the main loop.
  void Turn() { time_.Turn(); }
  // Ranks beyond the limit; they are forgotten.
  std::vector<int> TakeSilent();

 private:
  SuspendAwareClock time_;
  double limit_;
  std::map<int, double> last_seen_;
  double nobody_before_ = 0;  // no rank can be beyond the limit earlier
};

}  // namespace zerosweep
