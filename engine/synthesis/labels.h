// Classes that synthetic images are made for.
#pragma once

#include <torch/types.h>

#include "engine/random/streams.h"

namespace zerosweep {

// Uniformly drawn classes (0 … classes − 1) of images first … first + count − 1: int64 on the CPU.
torch::Tensor UniformLabels(const RandomStreams& random, int classes, int64_t first, int64_t count);

}  // namespace zerosweep
