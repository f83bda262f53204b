#include "engine/graph/graph.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.h"

namespace zerosweep {
namespace {

// Whether `value` is an output of one of the nodes before `end`.
bool Exists(const Graph& graph, const Value& value, int end) {
  return value.node >= 0 && value.node < end && value.output >= 0 &&
         value.output < graph.nodes[value.node].output_count();
}

void CheckNode(const Graph& graph, int index) {
  const Node& node = graph.nodes[index];
  if ((node.op == Op::kInput) != (index == 0)) {
    Fail(ErrorKind::kInternal, "graph: node {} '{}' is {}, but exactly node 0 must be the input",
         index, node.name, ToString(node.op));
  }
  const Operator& described = Describe(node.op);
  if (node.inputs.size() < described.least_inputs || node.inputs.size() > described.most_inputs) {
    Fail(ErrorKind::kInternal, "graph: {} '{}' has {} inputs", ToString(node.op), node.name,
         node.inputs.size());
  }
  for (const Value& input : node.inputs) {
    if (!Exists(graph, input, index)) {
      Fail(ErrorKind::kInternal, "graph: node {} '{}' reads output {} of node {}", index, node.name,
           input.output, input.node);
    }
  }
}

template <typename Transform>
Graph Transformed(const Graph& graph, const Transform& transform) {
  Graph result = graph;
  for (Node& node : result.nodes) {
    for (auto& [name, tensor] : node.parameters) tensor = transform(tensor);
  }
  return result;
}

template <typename Predicate>
std::vector<int> Where(const Graph& graph, const Predicate& predicate) {
  std::vector<int> found;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (predicate(graph.nodes[i])) found.push_back(static_cast<int>(i));
  }
  return found;
}

}  // namespace

int Node::output_count() const {
  if (op == Op::kChunk) return attributes.at("chunks").get<int>();
  return op == Op::kSplit ? static_cast<int>(attributes.at("sizes").size()) : 1;
}

std::vector<int64_t> Graph::BatchShape(int64_t images) const {
  std::vector<int64_t> shape = {images};
  shape.insert(shape.end(), input_shape.begin(), input_shape.end());
  return shape;
}

int Graph::Append(Node node) {
  nodes.push_back(std::move(node));
  return static_cast<int>(nodes.size()) - 1;
}

int Graph::Find(const std::string& name) const {
  const auto found =
      std::find_if(nodes.begin(), nodes.end(), [&](const Node& node) { return node.name == name; });
  return found == nodes.end() ? -1 : static_cast<int>(found - nodes.begin());
}

std::vector<int> Graph::Users(int node) const {
  return Where(*this, [&](const Node& candidate) {
    return std::any_of(candidate.inputs.begin(), candidate.inputs.end(),
                       [&](const Value& input) { return input.node == node; });
  });
}

std::vector<int> Graph::Weighted() const {
  return Where(*this, [](const Node& node) { return node.weighted(); });
}

std::vector<int> Graph::BatchNorms() const {
  return Where(*this, [](const Node& node) { return node.op == Op::kBatchNorm; });
}

int64_t Graph::ParameterCount() const {
  int64_t count = 0;
  for (const Node& node : nodes) {
    for (const auto& [name, tensor] : node.parameters) {
      if (name == "weight" || name == "bias") count += tensor.numel();
    }
  }
  return count;
}

torch::TensorOptions Graph::Options() const {
  for (const Node& node : nodes) {
    if (node.parameters.empty()) continue;
    const torch::Tensor& parameter = node.parameters.begin()->second;
    return torch::TensorOptions(parameter.scalar_type()).device(parameter.device());
  }
  return {};
}

Graph Graph::Clone() const {
  return Transformed(*this, [](const torch::Tensor& t) {
    return t.detach().clone().set_requires_grad(t.requires_grad());
  });
}

Graph Graph::To(torch::Device device) const {
  return Transformed(*this, [&](const torch::Tensor& t) { return t.to(device); });
}

torch::Tensor Parameter(const Node& node, const char* name) {
  const auto found = node.parameters.find(name);
  return found == node.parameters.end() ? torch::Tensor() : found->second;
}

std::vector<int64_t> Pair(const Node& node, const char* name, int64_t fallback) {
  const auto found = node.attributes.find(name);
  if (found == node.attributes.end()) return {fallback, fallback};
  if (found->is_array()) return found->get<std::vector<int64_t>>();
  return {found->get<int64_t>(), found->get<int64_t>()};
}

int EndOfChain(const Graph& graph, int node) {
  bool normed = false;
  for (;;) {
    const std::vector<int> users = graph.Users(node);
    if (users.size() != 1 || graph.output.node == node) return node;
    const Node& next = graph.nodes[users[0]];
    if (Describe(next.op).activation) return users[0];
    if (next.op != Op::kBatchNorm || normed) return node;
    normed = true;
    node = users[0];
  }
}

void Graph::Check() const {
  if (nodes.empty()) Fail(ErrorKind::kInternal, "graph: it has no nodes");
  if (!input_shape.empty() && input_shape.size() != 3) {
    Fail(ErrorKind::kInternal, "graph: the input shape has {} dimensions instead of C, H, W",
         input_shape.size());
  }
  std::set<std::string> names;
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (!names.insert(nodes[i].name).second) {
      Fail(ErrorKind::kInternal, "graph: two nodes are named '{}'", nodes[i].name);
    }
    CheckNode(*this, static_cast<int>(i));
  }
  if (!Exists(*this, output, static_cast<int>(nodes.size()))) {
    Fail(ErrorKind::kInternal, "graph: the output is node {} of {}", output.node, nodes.size());
  }
}

}  // namespace zerosweep
