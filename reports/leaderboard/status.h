// The progress of a home's sweeps.
#pragma once

#include <string>

#include "storage/results/results.h"

namespace zerosweep {

// One row for each sweep, newest first: sweep, trials, done, failed, cancelled, open, stages,
// stages_done, running (attempts that have not ended), seconds (spent so far), updated. An empty
// `sweep` means all. Throws kUsage for an unknown one.
Table SweepStatus(const ResultsReader& reader, const std::string& sweep = "");

}  // namespace zerosweep
