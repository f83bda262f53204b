// The network as data: a list of nodes in topological order. Folding, sensitivity, units of
// reconstruction, the quantized graph and export all build on it.
#pragma once

#include <torch/types.h>

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "engine/graph/operators.h"
#include "engine/graph/precision.h"

namespace zerosweep {

// One output tensor of a node.
struct Value {
  int node = -1;
  int output = 0;
  auto operator<=>(const Value&) const = default;
};

struct Node {
  std::string name;  // unique in its graph: "layer1.0.conv1"
  Op op = Op::kInput;
  std::vector<Value> inputs;
  Json attributes = Json::object();
  std::map<std::string, torch::Tensor> parameters;  // by the names of operators.h

  bool weighted() const { return Describe(op).weighted; }
  int output_count() const;  // 1 except for kChunk and kSplit
};

// Invariants (Check()): names are unique, inputs come before their users, exactly one kInput (node
// 0), one output. Copying a graph shares its parameter tensors; Clone() does not.
struct Graph {
  std::vector<Node> nodes;
  Value output;
  std::vector<int64_t> input_shape;           // C, H, W; empty: any (for a part of a network)
  Precision precision = Precision::kFloat32;  // of its convolutions

  std::vector<int64_t> BatchShape(int64_t images) const;  // N×C×H×W

  int Append(Node node);                    // returns its index
  int Find(const std::string& name) const;  // -1 when absent
  std::vector<int> Users(int node) const;   // nodes that read it, in order
  std::vector<int> Weighted() const;        // convolutions and linear layers, in order
  std::vector<int> BatchNorms() const;
  int64_t ParameterCount() const;
  torch::TensorOptions Options() const;  // type and device of the parameters
  Graph Clone() const;
  Graph To(torch::Device device) const;
  void Check() const;  // throws kInternal
};

// Returns a parameter, or an undefined tensor.
torch::Tensor Parameter(const Node& node, const char* name);

// Reads an attribute that is one number for both dimensions or a list [vertical, horizontal].
std::vector<int64_t> Pair(const Node& node, const char* name, int64_t fallback);

// Returns the last node of the chain that finishes the tensor of a convolution or an addition:
// `node`, then at most one batch norm and one activation after it, if nothing else reads the values
// in between.
int EndOfChain(const Graph& graph, int node);

// Multiply-accumulates per image of each weighted node (node index → MACs).
std::map<int, int64_t> CountMacs(const Graph& graph);

// Copies `state` (key → tensor) into the graph's parameters; the keys are "<node
// name>.<parameter>". Throws kUsage naming the first key that is missing, of another shape (both
// shapes shown) or unused; num_batches_tracked is ignored.
void LoadState(Graph& graph, const std::map<std::string, torch::Tensor>& state,
               const std::string& origin);
std::map<std::string, torch::Tensor> StateOf(const Graph& graph);

// The batch norms that can be folded, and the convolution or linear layer that each follows.
std::map<int, int> FoldableNorms(const Graph& graph);

struct ShortGraph {
  Graph graph;
  std::vector<int> moved;  // index of each old node, or of its stand-in
};
// The graph without the nodes that are keys of `stand_ins`; their readers read the nodes that these
// name. REQUIRES: stand-ins come before and have one output.
ShortGraph WithoutNodes(const Graph& graph, const std::map<int, int>& stand_ins);

// Returns the graph with every batch norm that follows a convolution or linear layer folded into
// it; outputs agree to 1e-4.
Graph FoldBatchNorms(const Graph& graph);

}  // namespace zerosweep
