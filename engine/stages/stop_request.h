// How a stage process leaves before its work is done.
#pragma once

#include <atomic>

namespace zerosweep {

// SIGTERM is the worker's word for "save and leave": unlike a frame it reaches a stage that
// computes and does not read its stream, and it is also what Slurm, systemd and `kill` send when
// they end a job. A stage that saves nothing has nothing to wait for: the signal ends its process
// at once.
struct StopRequest {
  std::atomic<bool> requested = false;
  std::atomic<bool> can_save = false;  // the running stage will notice `requested`
};

// Hears SIGTERM from now on. Returns this process's one request.
StopRequest& ListenForLeave();

}  // namespace zerosweep
