// A grid of synthetic images, to be looked at.
#pragma once

#include <torch/types.h>

#include <vector>

#include "engine/data/image.h"

namespace zerosweep {

// The first images, 64 at most, row by row in a white grid of up to 8 × 8. images: N×C×H×W floats
// in the space that a teacher with `mean` and `std` (of each channel) reads; brought back to
// colours and clamped. Small images are enlarged by the whole factor that fits 64 pixels, large
// ones reduced so that the grid stays below 1024. Throws kInternal for a tensor that no such images
// can be.
Image SampleGrid(const torch::Tensor& images, const std::vector<double>& mean,
                 const std::vector<double>& std);

}  // namespace zerosweep
