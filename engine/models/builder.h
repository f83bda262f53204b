// A builder for architectures: each function appends nodes and returns the value of the last.
#pragma once

#include <string>
#include <vector>

#include "engine/graph/graph.h"

namespace zerosweep {

// One number for both dimensions of an image, or {vertical, horizontal}.
struct Extent {
  Extent(int64_t both) : vertical(both), horizontal(both) {}  // NOLINT: `.kernel = 3`
  Extent(int64_t vertical, int64_t horizontal) : vertical(vertical), horizontal(horizontal) {}
  int64_t vertical;
  int64_t horizontal;
};

struct ConvShape {
  int64_t in = 0;
  int64_t out = 0;
  Extent kernel = 1;
  int64_t stride = 1;
  Extent padding = 0;
  int64_t groups = 1;
  bool bias = false;
};

// A depthwise convolution that keeps the size of its map, apart from the stride.
ConvShape Depthwise(int64_t channels, int64_t kernel, int64_t stride);
// A 3×3 convolution that halves its map.
ConvShape Halving3x3(int64_t in, int64_t out);

// Node names of a convolution, its batch norm and its activation.
struct ConvNames {
  std::string conv, norm, activation = {};
};
// As in a torch::nn::Sequential: `prefix`.first, `prefix`.first + 1, `prefix`.first + 2.
ConvNames NumberedNames(const std::string& prefix, int first = 0);
// As in pytorchcv: `block`.conv, `block`.bn, `block`.activ.
ConvNames PytorchcvNames(const std::string& block);

inline constexpr double kBatchNormEps = 1e-5;  // PyTorch's default

class GraphBuilder {
 public:
  explicit GraphBuilder(std::vector<int64_t> input_shape);

  Value Input() const { return {0, 0}; }
  int64_t channels() const { return graph_.input_shape.at(0); }  // of the input
  Value Conv(const std::string& name, Value x, const ConvShape& shape);
  Value BatchNorm(const std::string& name, Value x, int64_t channels, double eps = kBatchNormEps);
  // A convolution and its batch norm; ConvNormRelu: with the activation too, kRelu or kRelu6.
  Value ConvNorm(const ConvNames& names, Value x, const ConvShape& shape);
  Value ConvNormRelu(const ConvNames& names, Value x, const ConvShape& shape, Op relu = Op::kRelu);
  Value Linear(const std::string& name, Value x, int64_t in, int64_t out);  // with bias
  // Any operator without parameters.
  Value Apply(const std::string& name, Op op, std::vector<Value> inputs,
              Json attributes = Json::object());
  // Splits x into equal parts along its channels.
  std::vector<Value> Chunk(const std::string& name, Value x, int parts);
  // Global average pooling, flattening and a linear layer.
  Value Head(const std::string& pool, const std::string& linear, Value x, int64_t in, int64_t out);
  Graph Finish(Value output);

 private:
  Value Append(Node node);

  Graph graph_;
};

// Fills every parameter. Convolutions: N(0, 2 / fan_out) (He et al. 2015, arXiv:1502.01852, eq.
// 14). Linear layers and their biases: U(±1/√fan_in). Batch norms: γ = 1, β = 0, μ = 0, σ² = 1. The
// same seed gives the same bits everywhere.
void InitialiseParameters(Graph& graph, uint64_t seed);

}  // namespace zerosweep
