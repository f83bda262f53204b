// A home's remembered jobs with their state in the queue.
#pragma once

#include <vector>

#include "cluster/slurm/job_files.h"
#include "cluster/slurm/slurm.h"

namespace zerosweep {

struct QueuedJob {
  RememberedJob job;
  SlurmJob queue;
};

// Asks the queue about every job that is not known to have ended, and records those that have. A
// job of another cluster, or one whose number was never learned, is unknown. Oldest first.
std::vector<QueuedJob> LookUpJobs(const Home& home, const Slurm& slurm);

}  // namespace zerosweep
