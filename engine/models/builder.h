// Short words to write an architecture down: each appends one node and returns its value.
#pragma once

#include <string>
#include <vector>

#include "engine/graph/graph.h"

namespace zerosweep {

struct ConvShape {
  int64_t in = 0;
  int64_t out = 0;
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t padding = 0;
  int64_t groups = 1;
};

class GraphBuilder {
 public:
  explicit GraphBuilder(std::vector<int64_t> input_shape);

  Value Input() const { return {0, 0}; }
  Value Conv(const std::string& name, Value x, const ConvShape& shape);  // without bias
  // ε = 1e-5 (PyTorch's default).
  Value BatchNorm(const std::string& name, Value x, int64_t channels);
  Value Linear(const std::string& name, Value x, int64_t in, int64_t out);  // with bias
  // Any operator without parameters.
  Value Apply(const std::string& name, Op op, std::vector<Value> inputs,
              Json attributes = Json::object());
  Graph Finish(Value output);

 private:
  Value Append(Node node);

  Graph graph_;
};

// Fills every parameter: convolutions N(0, 2 / fan_out) (He et al. 2015, arXiv:1502.01852, eq. 14),
// linear layers U(±1/√fan_in) with their biases, batch norms γ = 1, β = 0, μ = 0, σ² = 1. The same
// seed gives the same bits everywhere.
void InitialiseParameters(Graph& graph, uint64_t seed);

}  // namespace zerosweep
