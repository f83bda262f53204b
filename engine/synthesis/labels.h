// The classes for which synthetic images are made.
#pragma once

#include <torch/types.h>

#include <string_view>

#include "engine/random/streams.h"

namespace zerosweep {

// Draws classes (0 … classes − 1) uniformly for samples first … first + count − 1, `each` per
// sample, with replacement: count×each int64 on the CPU.
torch::Tensor DrawClasses(const RandomStreams& random, uint64_t step, std::string_view purpose,
                          int classes, int64_t first, int64_t count, int64_t each = 1);

// Draws one class for each image of an optimised set: count int64.
torch::Tensor UniformLabels(const RandomStreams& random, int classes, int64_t first, int64_t count);

}  // namespace zerosweep
