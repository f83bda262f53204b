// Time as an interface, so that tests can control it.
#pragma once

#include <string>

namespace zerosweep {

class Clock {
 public:
  virtual ~Clock() = default;
  // Seconds on a clock that never goes back; the zero is arbitrary.
  virtual double Monotonic() const = 0;
  // Seconds since 1970-01-01T00:00:00Z.
  virtual double Unix() const = 0;
  virtual void Sleep(double seconds) const = 0;
};

// The machine's clock. It is never destroyed; any thread may use it.
const Clock& SystemClock();

// "2026-11-22T03:04:05Z"
std::string IsoUtc(double unix_seconds);

}  // namespace zerosweep
