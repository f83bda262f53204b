// The swing convolution of GENIE (Jeon, Lee & Kim, CVPR 2023): a convolution with a
// stride sees its input shifted at random, so that no pixel is skipped by every step.
#pragma once

#include <torch/types.h>

#include "engine/graph/executor.h"
#include "engine/random/streams.h"

namespace zerosweep {

// x (N×C×H×W), padded by one reflected pixel on all sides and cropped to H×W at row dy and column
// dx of the padded maps. (1, 1) gives x itself. REQUIRES: dy and dx in {0, 1, 2}. Throws kUsage
// where H or W is 1: there is nothing to reflect.
torch::Tensor SwingCrop(const torch::Tensor& x, int64_t dy, int64_t dx);

// Shifts the input of every convolution of `graph` whose stride is not 1, by one offset a layer for
// the whole batch, drawn from `draws` in topological order (the code pads by 1 whatever the stride;
// pooling and option-A shortcuts stay as they are). Use for one run; both arguments must outlive
// it.
ForwardHooks SwingTaps(const Graph& graph, RandomSequence& draws);

}  // namespace zerosweep
