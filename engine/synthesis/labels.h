// Classes that synthetic images are made for.
#pragma once

#include <torch/types.h>

#include <string_view>

#include "engine/random/streams.h"

namespace zerosweep {

// Uniformly drawn classes (0 … classes − 1) of samples first … first + count − 1, `each` for every
// one of them, with replacement: count×each int64 on the CPU.
torch::Tensor DrawClasses(const RandomStreams& random, uint64_t step, std::string_view purpose,
                          int classes, int64_t first, int64_t count, int64_t each = 1);

// One class for each image of a set that is optimised: count int64.
torch::Tensor UniformLabels(const RandomStreams& random, int classes, int64_t first, int64_t count);

}  // namespace zerosweep
