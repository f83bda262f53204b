// Units of reconstruction (docs/protocol.md "Units of reconstruction"), found from the graph, not
// from class names.
#pragma once

#include <string>
#include <vector>

#include "engine/graph/graph.h"

namespace zerosweep {

struct Unit {
  std::string name;     // common beginning of the names of its weighted nodes: "conv1", "layer1.0"
  Value input, output;  // everything between depends on `input` alone
  std::vector<int> nodes;  // in order; pooling and flattening between units belong to none
};

// Returns the nodes at which units given by name may end: those whose value lies on every path from
// the image to the output.
std::vector<int> UnitEnds(const Graph& graph);

// The blocks of BRECQ (Li et al., ICLR 2021, section 3.2). The network is cut at the values that
// lie on every path from the image to the logits. Neighbouring cuts with several paths between them
// enclose one unit. Elsewhere each weighted node is a unit, except that the inverted bottleneck 1×1
// → depthwise → 1×1 without a final activation is one unit with or without a skip. A unit includes
// the batch norm and the activation that follow it.
std::vector<Unit> BlockUnits(const Graph& graph);

// One unit for each weighted node, with the batch norm and the activation that follow it if nothing
// else reads the values in between (AdaRound). Additions and the operators after them belong to no
// unit: their activation quantizers keep the steps that were searched.
std::vector<Unit> LayerUnits(const Graph& graph);

// Finds the units that a method's parameter asks for. `rule`: "blocks", "layers", or the names,
// separated by spaces, of the nodes at whose outputs units end. With `max_macs` > 0, a block of
// more multiply-accumulates is split into layers (for networks whose concatenations merge
// everything into one block). Throws kUsage for a node that does not exist and for a part that
// reads more than the output of the part before.
std::vector<Unit> FindUnits(const Graph& graph, const std::string& rule, int64_t max_macs = 0);

}  // namespace zerosweep
