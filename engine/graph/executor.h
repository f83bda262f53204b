// Runs a graph with LibTorch operators. Hooks read or replace any tensor on the way.
#pragma once

#include <torch/types.h>

#include <functional>
#include <map>

#include "engine/graph/graph.h"

namespace zerosweep {

// Every member may be empty. All are called on the thread that runs the graph, in topological
// order. A replacement must have the shape of the original.
struct ForwardHooks {
  // Receives the tensor that enters a node (for kBatchNorm: the statistics to match).
  std::function<void(int node, const torch::Tensor& input)> on_input;
  // Replaces one input of a node (quantizers at an operator's input).
  std::function<torch::Tensor(int node, int input_index, const torch::Tensor& input)> replace_input;
  // Replaces a node's weight (quantized weights).
  std::function<torch::Tensor(int node, const torch::Tensor& weight)> replace_weight;
  // Replaces a node's output (quantizers after an activation).
  std::function<torch::Tensor(int node, const torch::Tensor& output)> replace_output;
  // The same for each output, in order, of a node with several outputs (kChunk), for which
  // replace_output is not called.
  std::function<torch::Tensor(Value part, const torch::Tensor& output)> replace_part;
  // Keyed by convolution or linear layer: replaces the columns that its weight is multiplied with,
  // after replace_input. Shape: N × C·kh·kw × positions (im2col, padding included; channel-major
  // rows) or N×I.
  std::map<int, std::function<torch::Tensor(const torch::Tensor& columns)>> replace_columns;
};

enum class BatchNormMode {
  kFrozen,  // eval mode: running statistics; always used for teachers
  kTrain    // batch statistics, running statistics updated with momentum 0.1
};

// x: N×C×H×W of the graph's input shape. Returns the graph's output (logits N×K), differentiable in
// x and in the parameters that require a gradient. Throws kUsage when x has another shape.
torch::Tensor Run(const Graph& graph, const torch::Tensor& x, const ForwardHooks& hooks = {},
                  BatchNormMode mode = BatchNormMode::kFrozen);

}  // namespace zerosweep
