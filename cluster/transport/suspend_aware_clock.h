// A clock for measuring other processes' silence: it stands still while this process is stopped and
// cannot hear them.
#pragma once

#include "base/clock.h"

namespace zerosweep {

// Advances only from turn to turn of the main loop, so that a process that is stopped (SIGSTOP, a
// frozen container), at whatever instruction, never takes its own absence for the silence of
// others.
class SuspendAwareClock {
 public:
  // `clock` outlives this object.
  explicit SuspendAwareClock(const Clock& clock) : clock_(clock), last_turn_(clock.Monotonic()) {}

  // Begins a turn. A gap of more than 2 s since the last turn is an absence and does not count.
  void Turn() {
    const double now = clock_.Monotonic();
    const double passed = now - last_turn_;
    last_turn_ = now;
    if (passed <= kLongestTurn) seconds_ += passed;
  }

  // Seconds of listening up to the beginning of this turn.
  double Seconds() const { return seconds_; }

 private:
  static constexpr double kLongestTurn = 2;  // seconds
  const Clock& clock_;
  double last_turn_;
  double seconds_ = 0;
};

}  // namespace zerosweep
