#include "engine/graph/subgraph.h"

#include <tuple>
#include <utility>
#include <vector>

#include "base/error.h"

namespace zerosweep {

namespace {

// The nodes between two values.
struct Between {
  std::vector<bool> needed;  // by node; that of `from` is not looked at
  // A node that reads something else than `from` and what comes from it, and that; −1: none.
  int reader = -1, stranger = -1;
};

Between NodesBetween(const Graph& whole, Value from, Value to) {
  Between between{std::vector<bool>(whole.nodes.size(), false)};
  between.needed[to.node] = true;
  for (int i = to.node; i > from.node; --i) {
    if (!between.needed[i]) continue;
    for (const Value& input : whole.nodes[i].inputs) {
      if (input.node < from.node || (input.node == from.node && input != from))
        std::tie(between.reader, between.stranger) = std::pair(i, input.node);
      else
        between.needed[input.node] = true;
    }
  }
  return between;
}

}  // namespace

bool DependsOnAlone(const Graph& whole, Value to, Value from) {
  if (to.node <= from.node) return to == from;
  return NodesBetween(whole, from, to).stranger < 0;
}

Subgraph Extract(const Graph& whole, Value from, Value to) {
  const auto [needed, reader, stranger] = NodesBetween(whole, from, to);
  if (stranger >= 0) {
    Fail(ErrorKind::kInternal, "'{}' does not depend on '{}' alone: '{}' reads '{}'",
         whole.nodes[to.node].name, whole.nodes[from.node].name, whole.nodes[reader].name,
         whole.nodes[stranger].name);
  }
  Subgraph part;
  part.from = from;
  part.graph.precision = whole.precision;
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
