// What runs inside a Slurm job: one `zerosweep run`, warned before the allocation ends and taken up
// again by the job's next start.
#pragma once

#include <filesystem>

#include "cluster/slurm/slurm.h"

namespace zerosweep {

// What has happened to a job when its run ends.
struct BatchEvents {
  int code = 0;             // of the run; 128 + n when signal n ended it
  bool warned = false;      // SIGUSR1: the time limit or a pre-emption is near
  bool terminated = false;  // SIGTERM that is not the end of the warned time
  int nodes = 1;
  int losses = 0;  // times that ranks were lost before
};
enum class Continuation { kNone, kInterrupted, kLost };
// Whether the job shall run again: a run that was interrupted, or stopped by itself because nothing
// that is left would end before the allocation does. After TERM without a warning it shall not:
// scancel means it, and a pre-empting Slurm requeues by itself. A run over several nodes that ends
// with an infrastructure error most often lost a node before Slurm noticed: that is tried twice.
Continuation HowToContinue(const BatchEvents& events);

// Runs the job of this folder (cluster/slurm/job_files.h). SIGUSR1 and SIGTERM make the run save
// and stop. If it shall run again, requeues the job, or submits one that depends on its end where
// Slurm refuses that. Returns the run's exit code. Throws kStorage when the folder cannot be read,
// kCluster outside a Slurm job. Main thread.
int RunBatch(const std::filesystem::path& folder, const Slurm& slurm);

}  // namespace zerosweep
