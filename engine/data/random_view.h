// Random views of image tensors that a gradient flows through.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/data/resample.h"
#include "engine/random/streams.h"

namespace zerosweep {

// What is seen of an image: a window, mirrored left to right or not.
struct View {
  Window window;
  bool mirrored = false;
};

// RandomWindow with areas from `smallest_share`, mirrored with probability `flip`.
View RandomView(int64_t height, int64_t width, double smallest_share, double flip,
                RandomSequence& draws);

// One view of each image of x (N×C×H×W, float32 or float64) at the full size H×W: bilinear between
// pixel centres, the window's border repeated outside of them (torchvision's resize of a tensor
// whose windows do not shrink: align_corners = false). The view of the whole image is the image,
// bit for bit. Differentiable in x any number of times; gradients are the same bits on every run.
// REQUIRES: one view for each image, its window not empty and inside.
torch::Tensor ResizedViews(const torch::Tensor& x, const std::vector<View>& views);

// Every image through a RandomView of its own, drawn for samples first_sample, first_sample + 1, …
// of the step. `purpose` tells several batches of a step apart.
torch::Tensor RandomViews(const torch::Tensor& x, double smallest_share, double flip,
                          const RandomStreams& random, uint64_t step, uint64_t first_sample = 0,
                          std::string_view purpose = "view");

}  // namespace zerosweep
