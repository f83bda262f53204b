// Finds ranks that have been silent for too long, by our own clock.
#pragma once

#include <map>
#include <vector>

#include "cluster/transport/suspend_aware_clock.h"

namespace zerosweep {

class Liveness {
 public:
  // `limit`: seconds of silence after which a rank counts as lost.
  Liveness(const Clock& clock, double limit);

  // Records a sign of life of this rank; the first one starts the watch.
  void Seen(int rank);
  void Forget(int rank);
  // Call it in every turn of the main loop.
  void Turn() { time_.Turn(); }
  // Returns the ranks beyond the limit and forgets them.
  std::vector<int> TakeSilent();

 private:
  SuspendAwareClock time_;
  double limit_;
  std::map<int, double> last_seen_;
  double nobody_before_ = 0;  // no rank can exceed the limit before this time
};

}  // namespace zerosweep
