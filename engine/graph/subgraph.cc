#include "engine/graph/subgraph.h"

#include "base/error.h"

namespace zerosweep {

Subgraph Extract(const Graph& whole, Value from, Value to) {
  std::vector<bool> needed(whole.nodes.size(), false);
  needed[to.node] = true;
  for (int i = to.node; i > from.node; --i) {
    if (!needed[i]) continue;
    for (const Value& input : whole.nodes[i].inputs) {
      if (input.node < from.node || (input.node == from.node && input != from)) {
        Fail(ErrorKind::kInternal, "'{}' does not depend on '{}' alone: '{}' reads '{}'",
             whole.nodes[to.node].name, whole.nodes[from.node].name, whole.nodes[i].name,
             whole.nodes[input.node].name);
      }
      needed[input.node] = true;
    }
  }
  Subgraph part;
  part.from = from;
  part.local.assign(whole.nodes.size(), -1);
  const auto append = [&](int original, Node node) {
    part.local[original] = part.graph.Append(std::move(node));
    part.original.push_back(original);
  };
  append(from.node, {.name = whole.nodes[from.node].name, .op = Op::kInput});
  for (int i = from.node + 1; i <= to.node; ++i) {
    if (!needed[i]) continue;
    Node node = whole.nodes[i];
    for (Value& input : node.inputs) {
      const bool from_outside = input.node == from.node;
      input = {part.local[input.node], from_outside ? 0 : input.output};
    }
    append(i, std::move(node));
  }
  part.graph.output = {part.local[to.node], from == to ? 0 : to.output};
  part.graph.Check();
  return part;
}

}  // namespace zerosweep
