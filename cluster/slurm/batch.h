// The program inside a Slurm job: one `zerosweep run`, which is warned before the allocation ends
// and continues when the job starts again.
#pragma once

#include <filesystem>

#include "cluster/slurm/slurm.h"

namespace zerosweep {

// The events of a job up to the end of its run.
struct BatchEvents {
  int code = 0;             // exit code of the run; 128 + n when signal n ended it
  bool warned = false;      // SIGUSR1: the time limit or a pre-emption is near
  bool terminated = false;  // SIGTERM, except at the end of the warned time
  int nodes = 1;
  int losses = 0;  // number of times that ranks were lost before
};
enum class Continuation { kNone, kInterrupted, kLost };
// Whether the job shall run again. It shall after a run that was interrupted, or that stopped by
// itself because no remaining stage would end before the allocation does. It shall not after
// SIGTERM without a warning: that is an scancel, or a pre-emption, after which Slurm requeues by
// itself. A run over several nodes that ends with an infrastructure error most often lost a node
// before Slurm noticed; it is repeated twice.
Continuation HowToContinue(const BatchEvents& events);

// Runs the job of this folder (cluster/slurm/job_files.h). SIGUSR1 and SIGTERM make the run save
// and stop. If it shall run again, requeues the job, or, where Slurm refuses that, submits one that
// depends on this job's end. Returns the run's exit code. Throws kStorage when the folder cannot be
// read, kCluster outside a Slurm job. Main thread.
int RunBatch(const std::filesystem::path& folder, const Slurm& slurm);

}  // namespace zerosweep
