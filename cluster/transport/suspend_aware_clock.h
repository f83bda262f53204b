// A clock for the silence of others: it stands still while we were not there to hear them.
#pragma once

#include "base/clock.h"

namespace zerosweep {

// Moves only from turn to turn of the main loop, so that a process that is stopped (SIGSTOP, a
// frozen container) at whatever instruction never takes its own absence for their silence.
class SuspendAwareClock {
 public:
  // `clock` outlives this object.
  explicit SuspendAwareClock(const Clock& clock) : clock_(clock), last_turn_(clock.Monotonic()) {}

  // Begins a turn. More than 2 s since the last one are an absence and do not count.
  void Turn() {
    const double now = clock_.Monotonic();
    const double passed = now - last_turn_;
    last_turn_ = now;
    if (passed <= kLongestTurn) seconds_ += passed;
  }

  // Seconds that we have listened, up to the beginning of this turn.
  double Seconds() const { return seconds_; }

 private:
  static constexpr double kLongestTurn = 2;  // seconds
  const Clock& clock_;
  double last_turn_;
  double seconds_ = 0;
};

}  // namespace zerosweep
