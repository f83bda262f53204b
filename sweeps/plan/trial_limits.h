// Whether a trial can be run at all, asked before any work: against what its method and its network
// declare that they cannot do (contract/limits.h), and the data that it needs.
#pragma once

#include "sweeps/plan/trial_resolver.h"

namespace zerosweep {

// Throws kUsage at the part that is refused, naming method and network and saying what to do.
// `assignment`: what the trial was resolved from.
void CheckTrial(const ResolvedTrial& trial, const Assignment& assignment,
                const Catalogue& catalogue);

}  // namespace zerosweep
