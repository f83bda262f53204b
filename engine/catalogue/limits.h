// Limits (contract/limits.h) that several declarations share.
#pragma once

#include <string>
#include <vector>

#include "contract/limits.h"

namespace zerosweep {

// Of what matches batch-norm statistics.
Limit NeedsBatchNorms();
// Of what takes the statistics of each image alone: a map of one pixel has no variance.
Limit NeedsMaps();
// Of what shares batches of `param` images among the ranks of a stage.
Limit NeedsAnImageARank(const std::string& param);

// `first` and then `more`.
std::vector<Limit> Concat(std::vector<Limit> first, const std::vector<Limit>& more);

}  // namespace zerosweep
