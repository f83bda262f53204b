// Runs a graph with LibTorch operators. Hooks read or replace any tensor on the way.
#pragma once

#include <torch/types.h>

#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "engine/graph/graph.h"
#include "engine/kernels/batch_norm.h"
#include "engine/kernels/fake_quantizer.h"

namespace zerosweep {

// Every member may be empty. All are called on the thread that runs the graph, in topological
// order. A replacement must have the shape of the original.
struct ForwardHooks {
  using Replace = std::function<torch::Tensor(const torch::Tensor& tensor)>;

  // Receives the tensor that enters a node. All operators then run by themselves; without it, a
  // frozen batch norm runs together with an addition and an activation that nothing stands before.
  std::function<void(int node, const torch::Tensor& input)> on_input;
  // Receives the moments of the tensor that enters a batch norm, in the order of the batch norms,
  // though perhaps after hooks of nodes behind them.
  std::function<void(int node, const ImageMoments& moments)> on_moments;
  // Keyed by node and index of its input: replaces that input (quantizers at an operator's input).
  std::map<std::pair<int, int>, Replace> replace_input;
  // Replaces a node's weight (quantized weights).
  std::function<torch::Tensor(int node, const torch::Tensor& weight)> replace_weight;
  // Keyed by output: replaces it (quantizers after an activation).
  std::map<Value, Replace> replace_output;
  // Keyed by output: puts it on a grid, without gradient, in place of replace_output. A batch norm,
  // with what it runs together with, does so in its own pass over memory. A grid with `as_codes`
  // leaves codes, which the hooks of all readers must expect.
  std::map<Value, FakeGrid> fake_quantize;
  // Keyed by convolution or linear layer: replaces the columns that its weight is multiplied with,
  // after replace_input. Shape: N × C·kh·kw × positions (im2col, padding included; channel-major
  // rows) or N×I.
  std::map<int, Replace> replace_columns;
  // Keyed by node of one output: computes it from its inputs, after replace_input, in place of its
  // operator, in any shape and type that its readers expect.
  using Compute = std::function<torch::Tensor(std::vector<torch::Tensor>& inputs)>;
  std::map<int, Compute> compute;
};

enum class BatchNormMode {
  kFrozen,  // eval mode: running statistics; always used for teachers
  kTrain    // batch statistics, running statistics updated with momentum 0.1
};

// x: N×C×H×W of the graph's input shape. Returns the graph's output (logits N×K), differentiable in
// x and in the parameters that require a gradient. Throws kUsage when x has another shape.
torch::Tensor Run(const Graph& graph, const torch::Tensor& x, const ForwardHooks& hooks = {},
                  BatchNormMode mode = BatchNormMode::kFrozen);

// Computes a node by itself: its outputs, from all of its inputs. Throws what LibTorch throws where
// shapes do not fit. REQUIRES: the node is no kInput.
std::vector<torch::Tensor> Compute(const Node& node, std::vector<torch::Tensor> inputs);

}  // namespace zerosweep
