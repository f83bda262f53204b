// What is reconstructed together (docs/protocol.md "Units of reconstruction"): found from the
// graph, not from class names.
#pragma once

#include <string>
#include <vector>

#include "engine/graph/graph.h"

namespace zerosweep {

struct Unit {
  std::string name;        // what the names of its weighted nodes share: "conv1", "layer1.0"
  Value input, output;     // everything between depends on `input` alone
  std::vector<int> nodes;  // in order; pooling and flattening between units belong to none
};

// The nodes at which units given by name may end: those whose value lies on every path from the
// image to the output.
std::vector<int> UnitEnds(const Graph& graph);

// The blocks of BRECQ (Li et al., ICLR 2021, section 3.2). The network is cut at the values that
// lie on every path from the image to the logits. Between neighbouring cuts with several paths: one
// unit. Elsewhere one unit for each weighted node, except the inverted bottleneck 1×1 → depthwise →
// 1×1 without an activation behind it, which is one unit with or without a skip. A unit takes the
// batch norm and the activation behind it along.
std::vector<Unit> BlockUnits(const Graph& graph);

// One unit for each weighted node, with the batch norm and the activation behind it where nothing
// else reads in between (AdaRound). Additions and what stands behind them belong to none: their
// activation quantizers keep the steps that were searched.
std::vector<Unit> LayerUnits(const Graph& graph);

// How a method's parameter says it: "blocks", "layers", or the names of the nodes, with spaces in
// between, at whose outputs units end. With `max_macs` > 0 a block of more multiply-accumulates is
// taken layer by layer (networks whose concatenations swallow everything). Throws kUsage for a node
// that does not exist and for a part that reads more than the output of the part before.
std::vector<Unit> FindUnits(const Graph& graph, const std::string& rule, int64_t max_macs = 0);

}  // namespace zerosweep
