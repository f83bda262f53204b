// Limits (contract/limits.h) that several declarations share.
#pragma once

#include <string>
#include <vector>

#include "contract/limits.h"

namespace zerosweep {

// For methods that match batch-norm statistics.
Limit NeedsBatchNorms();
// For methods that take the statistics of each image: a map of one pixel has no variance.
Limit NeedsMaps();
// For methods that share batches of `param` images among the ranks of a stage.
Limit NeedsAnImageARank(const std::string& param);

// `first` and then `more`.
std::vector<Limit> Concat(std::vector<Limit> first, const std::vector<Limit>& more);

}  // namespace zerosweep
