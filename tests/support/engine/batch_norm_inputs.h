// The tensors that enter batch norms, for definitions by hand.
#pragma once

#include <functional>

#include "engine/graph/executor.h"

namespace zerosweep {

// Runs `graph` on x, one operator after the other, and calls visit(batch norm, its input).
inline void VisitBatchNormInputs(
    const Graph& graph, const torch::Tensor& x,
    const std::function<void(const Node& batch_norm, const torch::Tensor& input)>& visit) {
  ForwardHooks hooks;
  hooks.on_input = [&](int node, const torch::Tensor& input) {
    const Node& reader = graph.nodes[static_cast<size_t>(node)];
    if (reader.op == Op::kBatchNorm) visit(reader, input);
  };
  zerosweep::Run(graph, x, hooks);
}

}  // namespace zerosweep
