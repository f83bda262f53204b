// The layer that computes a network's logits.
#pragma once

#include <torch/types.h>

#include <string>

#include "engine/graph/graph.h"

namespace zerosweep {

// Returns the last weighted node: a linear layer, or a 1×1 convolution (pytorchcv's MobileNetV2).
// Throws kUsage for another convolution: "`method` …; `advice`".
int ClassifierOf(const Graph& graph, const std::string& method, const std::string& advice);

// Returns its weight, classes × features, without gradient; shares the layer's memory.
torch::Tensor ClassifierRows(const Graph& graph, const std::string& method,
                             const std::string& advice);

}  // namespace zerosweep
