// The facts that limits need about a network (ModelFacts, contract/declaration.h), derived from its
// graph. The catalogue holds them for every architecture; a stage derives them again for the
// network that it is given.
#pragma once

#include <vector>

#include "contract/declaration.h"
#include "engine/graph/graph.h"
#include "engine/graph/units.h"
#include "engine/quant/protocol.h"

namespace zerosweep {

// Sets the facts that follow from the graph.
void AddNetworkFacts(const Graph& graph, ModelFacts& facts);

// Returns the first of `units` that reads the tensor of one of `sites` both before and after its
// quantizer, or null. For quantizers at the outputs of operators.
const Unit* UnitWithShortcutApart(const std::vector<Unit>& units,
                                  const std::vector<ActivationSite>& sites);

}  // namespace zerosweep
