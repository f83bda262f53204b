#include "engine/graph/subgraph.h"

#include "base/error.h"

namespace zerosweep {

Subgraph Extract(const Graph& whole, Value from, Value to) {
  std::vector<bool> needed(whole.nodes.size(), false);
  needed[static_cast<size_t>(to.node)] = true;
  for (int i = to.node; i > from.node; --i) {
    if (!needed[static_cast<size_t>(i)]) continue;
    for (const Value& input : whole.nodes[static_cast<size_t>(i)].inputs) {
      if (input.node < from.node || (input.node == from.node && input != from)) {
        Fail(ErrorKind::kInternal, "'{}' does not depend on '{}' alone: '{}' reads '{}'",
             whole.nodes[static_cast<size_t>(to.node)].name,
             whole.nodes[static_cast<size_t>(from.node)].name,
             whole.nodes[static_cast<size_t>(i)].name,
             whole.nodes[static_cast<size_t>(input.node)].name);
      }
      needed[static_cast<size_t>(input.node)] = true;
    }
  }
  Subgraph part;
  part.from = from;
  part.local.assign(whole.nodes.size(), -1);
  const auto append = [&](int original, Node node) {
    part.local[static_cast<size_t>(original)] = part.graph.Append(std::move(node));
    part.original.push_back(original);
  };
  append(from.node, {.name = whole.nodes[static_cast<size_t>(from.node)].name, .op = Op::kInput});
  for (int i = from.node + 1; i <= to.node; ++i) {
    if (!needed[static_cast<size_t>(i)]) continue;
    Node node = whole.nodes[static_cast<size_t>(i)];
    for (Value& input : node.inputs) {
      const bool from_outside = input.node == from.node;
      input = {part.local[static_cast<size_t>(input.node)], from_outside ? 0 : input.output};
    }
    append(i, std::move(node));
  }
  part.graph.output = {part.local[static_cast<size_t>(to.node)], from == to ? 0 : to.output};
  part.graph.Check();
  return part;
}

}  // namespace zerosweep
