// How a stage process stops before its work is done.
#pragma once

#include <atomic>

namespace zerosweep {

// The worker sends SIGTERM for "save and stop". Unlike a frame, it reaches a stage that is
// computing and not reading its stream; Slurm, systemd and `kill` also send it to end a job. A
// stage that saves nothing has nothing to wait for: the signal ends its process at once.
struct StopRequest {
  std::atomic<bool> requested = false;
  std::atomic<bool> can_save = false;  // the running stage will notice `requested`
};

// Starts to handle SIGTERM. Returns the single request of this process.
StopRequest& ListenForLeave();

}  // namespace zerosweep
