// One process at a time writes a home: the lock file and its epoch (docs/formats.md).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "storage/home/home.h"

namespace zerosweep {

// Seconds.
struct LockLimits {
  double beat = 5;    // between two rewritings of the counter
  double still = 60;  // a counter that stands still this long has lost its owner
};

// Holds the home's lock from construction to destruction. The file is made by link() and holds
// the home, host, boot id, pid, process start time, Slurm job, nonce and a counter that Beat()
// rewrites (call it at least every `beat` seconds). A lock is stale only if its process is gone
// (same host) or has opened another file and not this (the home is a copy), or its counter stood
// still for `still` seconds on our own clock and `break_lock` was given, or its Slurm job has
// certainly ended. Throws kStorage ("home … is in use by pid … on …") otherwise.
class HomeLock {
 public:
  HomeLock(const Home& home, const Clock& clock, bool break_lock = false, LockLimits limits = {});
  ~HomeLock();
  HomeLock(const HomeLock&) = delete;
  HomeLock& operator=(const HomeLock&) = delete;

  // Rewrites the counter if `beat` has passed. Throws kStorage if the lock is no longer ours.
  void Heartbeat();
  // Names this holding of the lock; never the same twice.
  const std::string& nonce() const;

  // Whether the Slurm job of this number on this cluster has certainly ended; may block.
  using JobProbe = std::function<bool(const std::string& job, const std::string& cluster)>;
  // For all locks of this process, once at its start; without one no job ever has ended.
  static void AskAboutJobs(JobProbe probe);

  // Whether a process that is not certainly gone holds the home.
  static bool IsHeld(const Home& home);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace zerosweep
