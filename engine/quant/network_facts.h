// What limits ask of a network (ModelFacts, contract/declaration.h), found from its graph: the
// catalogue holds it for every architecture, and a stage finds it again for the network that it is
// given.
#pragma once

#include <vector>

#include "contract/declaration.h"
#include "engine/graph/graph.h"
#include "engine/graph/units.h"
#include "engine/quant/protocol.h"

namespace zerosweep {

// Sets the facts that the graph says.
void AddNetworkFacts(const Graph& graph, ModelFacts& facts);

// The first of `units` that reads the tensor of one of `sites` both before and behind its
// quantizer; null where there is none. Of quantizers behind operators.
const Unit* UnitWithShortcutApart(const std::vector<Unit>& units,
                                  const std::vector<ActivationSite>& sites);

}  // namespace zerosweep
