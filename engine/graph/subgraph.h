// A part of a network as a network of its own.
#pragma once

#include <vector>

#include "engine/graph/graph.h"

namespace zerosweep {

struct Subgraph {
  Graph graph;                // its kInput stands for the value it begins at; parameters are shared
  std::vector<int> original;  // node of `graph` → node of the whole network
  std::vector<int> local;     // the other way; −1 outside
  Value from;                 // what its kInput stands for
};

// What computes `to` from `from`. `graph.input_shape` is empty: any input goes. Throws kInternal
// when `to` needs something else besides.
Subgraph Extract(const Graph& whole, Value from, Value to);

}  // namespace zerosweep
