// A run from start to end: on rank 0 the coordinator with its own worker, on every other rank a
// worker.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "cluster/coordinator/coordinator.h"
#include "cluster/coordinator/outcome.h"
#include "cluster/coordinator/progress_display.h"
#include "cluster/transport/transport.h"
#include "cluster/worker/worker.h"
#include "sweeps/plan/plan.h"

namespace zerosweep {

struct SessionOptions {
  CoordinatorOptions coordinator;  // its home is the session's
  WorkerOptions worker;
  SchedulerOptions scheduler;
  DisplayOptions display;
  std::string run;  // names run/<id>/
  bool break_lock = false;
  LockLimits lock_limits;
  std::vector<PublishedRow> published;  // the papers' numbers, for the database
};

// COLLECTIVE with RunWorker on the other ranks. Takes the home's lock, adds the sweep, adopts
// artifacts that were published but not committed, computes what is missing, and writes the
// outcome. Exit codes in the outcome: 0, 1, 3 (nothing to do), 75 (interrupted by a signal). Throws
// when a run is impossible (kStorage, kCluster); the outcome then records it if the home can be
// written. Notes signals from the first moment on.
Outcome RunSweep(const Plan& plan, Transport& transport, const SessionOptions& options,
                 const Clock& clock);

// COLLECTIVE. Rank 0 of an MPI world: calls `run` (RunSweep and what comes before it), then ends
// the transport, also after an error. `launched_run` is the run of our own launcher, "" inside a
// user's mpirun. Returns the exit code, or throws what `run` threw; under our launcher, which reads
// both in the outcome, returns 0. When a rank was lost, the process ends here, as a collective end
// is no longer possible.
int RunRankZero(Transport& transport, const Home& home, const std::string& launched_run,
                const std::function<int()>& run);

// COLLECTIVE. Works for the coordinator on rank 0 until it sends Leave. Returns false when the
// coordinator is gone: the transport must then not be finished, only left.
bool RunWorker(Transport& transport, const WorkerOptions& options, const Clock& clock);

// Sends Leave to every other rank, for a rank 0 that cannot even start.
void DismissWorkers(Transport& transport);

}  // namespace zerosweep
