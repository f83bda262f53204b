// A run from its first to its last act: on rank 0 the coordinator with its own worker, on every
// other rank a worker.
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

// COLLECTIVE with RunWorker on the other ranks. Takes the home's lock, adds the sweep, adopts what
// was published but not committed, computes what is missing, writes the outcome. The exit code in
// it: 0, 1, 3 (nothing to do), 75 (interrupted by a signal). Throws what makes a run impossible
// (kStorage, kCluster); the outcome then says so too, if the home can be written. Signals are heard
// from the first moment on.
Outcome RunSweep(const Plan& plan, Transport& transport, const SessionOptions& options,
                 const Clock& clock);

// COLLECTIVE. Rank 0 of an MPI world: `run` (RunSweep and what comes before it), then the end of
// the transport, also after an error. `launched_run` is the run of our own launcher, "" inside an
// mpirun of the user. Returns the exit code, or throws what `run` threw; our launcher reads both in
// the outcome, and gets 0. When a rank was lost, the process ends here: nobody could finish
// collectively.
int RunRankZero(Transport& transport, const Home& home, const std::string& launched_run,
                const std::function<int()>& run);

// COLLECTIVE. Works for the coordinator on rank 0 until it says leave. Returns false when the
// coordinator is gone: the transport must then not be finished, only left.
bool RunWorker(Transport& transport, const WorkerOptions& options, const Clock& clock);

// Tells every other rank to leave: for a rank 0 that cannot even start.
void DismissWorkers(Transport& transport);

}  // namespace zerosweep
