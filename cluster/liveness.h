// Who has been silent for too long, by our own clock.
#pragma once

#include <map>
#include <vector>

#include "base/clock.h"

namespace zerosweep {

class Liveness {
 public:
  // `limit`: seconds of silence after which a rank counts as lost.
  Liveness(const Clock& clock, double limit);

  // A sign of life of this rank (its first one begins the watch).
  void Seen(int rank);
  void Forget(int rank);
  // To be called by every turn of the main loop. When the loop itself was absent for more than 2 s,
  // nobody could be heard: all are granted that time.
  void Tick();
  // Ranks beyond the limit; they are forgotten.
  std::vector<int> TakeSilent();

 private:
  const Clock& clock_;
  double limit_;
  double last_tick_;
  std::map<int, double> last_seen_;
};

}  // namespace zerosweep
