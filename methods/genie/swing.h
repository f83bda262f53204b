// The swing convolution of GENIE (Jeon, Lee & Kim, CVPR 2023): a convolution with a stride sees its
// input shifted at random, so that no pixel is skipped at every step.
#pragma once

#include <torch/types.h>

#include "engine/graph/executor.h"
#include "engine/random/streams.h"

namespace zerosweep {

// Returns x (N×C×H×W), padded by one reflected pixel on all sides and cropped to H×W at row dy and
// column dx of the padded maps. (1, 1) returns x itself. REQUIRES: dy and dx in {0, 1, 2}. Throws
// kUsage if H or W is 1, which leaves no pixel to reflect.
torch::Tensor SwingCrop(const torch::Tensor& x, int64_t dy, int64_t dx);

// Returns hooks that shift the input of every convolution of `graph` whose stride is not 1. Each
// layer has one offset for the whole batch, drawn from `draws` in topological order (the code pads
// by 1 for any stride; pooling and option-A shortcuts stay unchanged). Use them for one run; both
// arguments must outlive it.
ForwardHooks SwingHooks(const Graph& graph, RandomSequence& draws);

}  // namespace zerosweep
