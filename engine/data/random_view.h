// Differentiable random views of image tensors.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/data/resample.h"
#include "engine/random/streams.h"

namespace zerosweep {

// A window of an image, mirrored left to right or not.
struct View {
  Window window;
  bool mirrored = false;
};

// Draws a RandomWindow with areas from `smallest_share`, mirrored with probability `flip`.
View RandomView(int64_t height, int64_t width, double smallest_share, double flip,
                RandomSequence& draws);

// Returns one view of each image of x (N×C×H×W, float32 or float64), resized to the full H×W:
// bilinear between pixel centres, with the window's border repeated outside (as torchvision resizes
// a tensor whose windows do not shrink, align_corners = false). The view of the whole image equals
// the image bit for bit. Differentiable in x any number of times; gradients have the same bits on
// every run. REQUIRES: one view for each image, with a window that is not empty and lies inside.
torch::Tensor ResizedViews(const torch::Tensor& x, const std::vector<View>& views);

// Applies a separate RandomView to each image, drawn for samples first_sample, first_sample + 1, …
// of the step. `purpose` distinguishes several batches of a step.
torch::Tensor RandomViews(const torch::Tensor& x, double smallest_share, double flip,
                          const RandomStreams& random, uint64_t step, uint64_t first_sample = 0,
                          std::string_view purpose = "view");

}  // namespace zerosweep
