// A part of a network as a separate network.
#pragma once

#include <vector>

#include "engine/graph/graph.h"

namespace zerosweep {

struct Subgraph {
  Graph graph;                // its kInput stands for `from`; parameters are shared
  std::vector<int> original;  // node of `graph` → node of the whole network
  std::vector<int> local;     // the inverse; −1 outside
  Value from;                 // the value that it begins at
};

// Whether `to` can be computed from `from`, with nothing else.
bool DependsOnAlone(const Graph& whole, Value to, Value from);

// Extracts the nodes that compute `to` from `from`. `graph.input_shape` is empty: any input is
// accepted. Throws kInternal unless DependsOnAlone(whole, to, from).
Subgraph Extract(const Graph& whole, Value from, Value to);

}  // namespace zerosweep
