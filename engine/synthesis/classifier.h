// The layer that gives a network's logits.
#pragma once

#include <torch/types.h>

#include <string>

#include "engine/graph/graph.h"

namespace zerosweep {

// The last weighted node: a linear layer, or a convolution of 1×1 (pytorchcv's MobileNetV2). Throws
// kUsage for another convolution: "`method` …; `advice`".
int ClassifierOf(const Graph& graph, const std::string& method, const std::string& advice);

// Its weight, classes × features, without gradient; the memory is the layer's.
torch::Tensor ClassifierRows(const Graph& graph, const std::string& method,
                             const std::string& advice);

}  // namespace zerosweep
