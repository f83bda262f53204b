// A clock that tests control: sleeping advances it.
#pragma once

#include "base/clock.h"

namespace zerosweep {

class FakeClock : public Clock {
 public:
  double Monotonic() const override { return now_; }
  double Unix() const override { return 1.8e9 + now_; }
  void Sleep(double seconds) const override { now_ += seconds; }
  void Advance(double seconds) { now_ += seconds; }

 private:
  mutable double now_ = 100;
};

}  // namespace zerosweep
