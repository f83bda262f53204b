// A grid of synthetic images for viewing.
#pragma once

#include <torch/types.h>

#include <vector>

#include "engine/data/image.h"

namespace zerosweep {

// Arranges the first images, at most 64, row by row in a white grid of up to 8 × 8. images: N×C×H×W
// floats in the input space of a teacher with `mean` and `std` (per channel); they are converted
// back to colours and clamped. Small images are enlarged by the largest integer factor that fits 64
// pixels; large ones are reduced so that the grid stays below 1024. Throws kInternal for a tensor
// that cannot hold such images.
Image SampleGrid(const torch::Tensor& images, const std::vector<double>& mean,
                 const std::vector<double>& std);

}  // namespace zerosweep
