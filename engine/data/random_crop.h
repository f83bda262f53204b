// Random crops of images, for calibration as in BRECQ and PD-Quant.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "engine/data/image_source.h"
#include "engine/data/resample.h"
#include "engine/random/streams.h"

namespace zerosweep {

// Draws the window of torchvision's RandomResizedCrop with its defaults: from `smallest_share` (0
// to 1) to 100 % of the area (uniform), width : height from 3/4 to 4/3 (uniform in the logarithm),
// ten tries. If all fail, it takes the largest centred window of an allowed ratio (Szegedy et al.
// 2015, arXiv:1409.4842, section 6).
Window RandomWindow(int64_t height, int64_t width, RandomSequence& draws,
                    double smallest_share = 0.08);

// Loads stored images cropped to a RandomWindow, resized to the source's shape and mirrored with
// probability ½: uint8 N×C×H×W. An image's draw depends on the seed, `step` and its index, not on
// its batch.
torch::Tensor LoadRandomCrops(const ImageSource& source, const std::vector<int64_t>& indices,
                              const RandomStreams& streams, uint64_t step,
                              double smallest_share = 0.08);

}  // namespace zerosweep
