// The remembered jobs of a home beside what the queue says of them.
#pragma once

#include <vector>

#include "cluster/slurm/job_files.h"
#include "cluster/slurm/slurm.h"

namespace zerosweep {

struct QueuedJob {
  RememberedJob job;
  SlurmJob queue;
};

// Asks the queue about every job that is not known to have ended, and remembers those that have. A
// job of another cluster, or one whose number nobody learned, is unknown. Oldest first.
std::vector<QueuedJob> LookUpJobs(const Home& home, const Slurm& slurm);

}  // namespace zerosweep
