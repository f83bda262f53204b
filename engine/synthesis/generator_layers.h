// What the generators of GENIE and of GDFQ's family have in common.
//
// Both double their first maps twice, so that sides are multiples of 4. Images of other sides are
// the middle of the next larger ones (Inception-v3: 299 of 300), cut before the last batch norm,
// so that the mean of 0 and variance of 1 are those of the image that is shown. Neither authors'
// code makes such images.
#pragma once

#include <torch/types.h>

#include <cstdint>

namespace zerosweep {

// Side of the smallest first map that, doubled twice, is at least as large as an image of `side`.
int64_t SeedSide(int64_t side);

// The middle height×width of maps N×C×H×W that are at least as large, nearer to the top and left
// where it does not come out even, channels last; x itself where it is as large.
torch::Tensor CentreCrop(const torch::Tensor& x, int64_t height, int64_t width);

// Nearest neighbours: N×C×H×W to N×C×2H×2W.
torch::Tensor TwiceAsLarge(const torch::Tensor& x);

// A linear layer whose outputs are the first maps: inputs N×I, weight (H·W·C)×I, bias H·W·C. The
// outputs count channels fastest, which is only the order of the weight's rows: the maps,
// N×C×H×W, are channels last from the start.
torch::Tensor SeedMaps(const torch::Tensor& inputs, const torch::Tensor& weight,
                       const torch::Tensor& bias, int64_t height, int64_t width);

}  // namespace zerosweep
