// The shapes of a network's values.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "engine/graph/graph.h"

namespace zerosweep {

using Shapes = std::map<Value, std::vector<int64_t>>;

// Of every output of every node, for one image and without the batch. Runs the network once: the
// executor's shapes avoid a second set of rules.
Shapes ShapesOf(const Graph& graph);

// CountMacs of a network whose shapes are known.
std::map<int, int64_t> CountMacs(const Graph& graph, const Shapes& shapes);

}  // namespace zerosweep
