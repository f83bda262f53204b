// What the generators of GENIE and of GDFQ's family have in common.
#pragma once

#include <torch/types.h>

#include <cstdint>

namespace zerosweep {

// Nearest neighbours: N×C×H×W to N×C×2H×2W.
torch::Tensor TwiceAsLarge(const torch::Tensor& x);

// A linear layer whose outputs are the first maps: inputs N×I, weight (H·W·C)×I, bias H·W·C. The
// outputs count channels fastest, which is only the order of the weight's rows: the maps,
// N×C×H×W, are channels last from the start.
torch::Tensor SeedMaps(const torch::Tensor& inputs, const torch::Tensor& weight,
                       const torch::Tensor& bias, int64_t height, int64_t width);

}  // namespace zerosweep
