// A builder for architectures: each function appends one node and returns its value.
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

inline constexpr double kBatchNormEps = 1e-5;  // PyTorch's default

class GraphBuilder {
 public:
  explicit GraphBuilder(std::vector<int64_t> input_shape);

  Value Input() const { return {0, 0}; }
  Value Conv(const std::string& name, Value x, const ConvShape& shape);
  Value BatchNorm(const std::string& name, Value x, int64_t channels, double eps = kBatchNormEps);
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
