// Where the sweeps of a home stand.
#pragma once

#include <string>

#include "storage/results/results.h"

namespace zerosweep {

// One row a sweep, newest first: sweep, trials, done, failed, cancelled, open, stages, stages_done,
// running (attempts without an end), seconds (paid so far), updated. Throws kUsage for an unknown
// sweep; an empty one means all.
Table SweepStatus(const ResultsReader& reader, const std::string& sweep = "");

}  // namespace zerosweep
