// Only one process at a time writes a home: the lock file and its epoch (docs/formats.md).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "storage/home/home.h"

namespace zerosweep {

// In seconds.
struct LockLimits {
  double beat = 5;    // between two updates of the counter
  double still = 60;  // an owner whose counter stands still this long has lost the lock
};

// Holds the home's lock from construction to destruction. The file is made by link(). It holds the
// home, host, boot id, pid, process start time, Slurm job, nonce and a counter that Heartbeat()
// rewrites (call it at least every `beat` seconds). A lock is stale only if
//   - its process is gone (same host), or has opened another lock file and not this one (the home
//     is a copy);
//   - its counter stood still for `still` seconds on our own clock, and either `break_lock` was
//     given or its owner ran in our own Slurm job; or
//   - its Slurm job has certainly ended.
// Throws kStorage ("home … is in use by pid … on …") for a lock that is not stale.
class HomeLock {
 public:
  HomeLock(const Home& home, const Clock& clock, bool break_lock = false, LockLimits limits = {});
  ~HomeLock();
  HomeLock(const HomeLock&) = delete;
  HomeLock& operator=(const HomeLock&) = delete;

  // Rewrites the counter if `beat` seconds have passed. Throws kStorage if the lock is no longer
  // ours.
  void Heartbeat();
  // Identifies this holding of the lock; never the same twice.
  const std::string& nonce() const;

  // Whether the given Slurm job of the given cluster has certainly ended. May block.
  using JobProbe = std::function<bool(const std::string& job, const std::string& cluster)>;
  // Sets the probe for all locks of this process; call it once at its start. Without a probe no job
  // counts as ended.
  static void AskAboutJobs(JobProbe probe);

  // Whether a process that is not certainly gone holds the home.
  static bool IsHeld(const Home& home);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace zerosweep
