// Checks, before any work, whether a trial can run: against the limits that its method and its
// network declare (contract/limits.h), and against the data that it needs.
#pragma once

#include "sweeps/plan/trial_resolver.h"

namespace zerosweep {

// Throws kUsage at the part that is refused. The message names method and network and says what to
// do. `assignment`: what the trial was resolved from.
void CheckTrial(const ResolvedTrial& trial, const Assignment& assignment,
                const Catalogue& catalogue);

}  // namespace zerosweep
