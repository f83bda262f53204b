// How a rank waits for messages without spinning.
#pragma once

#include <algorithm>

#include "base/clock.h"

namespace zerosweep {

// Probes a few times at full speed, then sleeps, longer and longer while nothing happens. An idle
// rank costs under 3 % of a core and answers within 4 ms.
class AdaptiveWait {
 public:
  explicit AdaptiveWait(const Clock& clock) : clock_(clock) {}
  void Turn(bool active) {
    if (active) {
      probes_ = 0;
      sleep_ = kFirst;
    } else if (++probes_ > kProbes) {
      clock_.Sleep(sleep_);
      sleep_ = std::min(1.5 * sleep_, kLast);
    }
  }

 private:
  static constexpr int kProbes = 20;
  static constexpr double kFirst = 100e-6, kLast = 4e-3;  // seconds
  const Clock& clock_;
  int probes_ = 0;
  double sleep_ = kFirst;
};

}  // namespace zerosweep
