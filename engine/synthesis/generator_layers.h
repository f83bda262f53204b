// Layers that the generators of GENIE and of GDFQ's family share.
//
// Both double their first maps twice, so that sides are multiples of 4. An image of another side is
// the centre of the next larger one (Inception-v3: 299 of 300). It is cropped before the last batch
// norm, so that the final image itself has mean 0 and variance 1. Neither authors' code makes such
// images.
#pragma once

#include <torch/types.h>

#include <cstdint>

#include "engine/graph/precision.h"

namespace zerosweep {

// Side of the smallest first map that, doubled twice, is at least as large as an image of `side`.
int64_t SeedSide(int64_t side);

// Returns the central height×width of maps N×C×H×W that are at least as large, channels last. An
// odd difference leaves one row or column more at the bottom or right. Returns x itself if it has
// this size.
torch::Tensor CentreCrop(const torch::Tensor& x, int64_t height, int64_t width);

// Convolves maps N×C×H×W, doubled by nearest neighbours, with a kernel O×C×3×3 and padding 1:
// N×O×2H×2W, channels last. bias: (O) or undefined. Differentiable once.
//
// A window of the doubled maps covers 2×2 pixels of the maps themselves, in one of four ways: by
// the parity of its place. So four kernels of 2×2 sums of taps give the outputs of each parity, with
// 4/9 of the multiplications and without the doubled maps.
torch::Tensor ConvolveTwiceAsLarge(const torch::Tensor& x, const torch::Tensor& weight,
                                   const torch::Tensor& bias = {},
                                   Precision precision = Precision::kFloat32);

// A linear layer whose outputs are the first maps, N×C×H×W. inputs: N×I; weight: (H·W·C)×I; bias:
// H·W·C. In the outputs channels vary fastest, which only affects the order of the weight's rows:
// the maps are channels last from the start.
torch::Tensor SeedMaps(const torch::Tensor& inputs, const torch::Tensor& weight,
                       const torch::Tensor& bias, int64_t height, int64_t width);

}  // namespace zerosweep
