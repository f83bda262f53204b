// What limits ask of a network (engine/catalogue/limits.h), found from its graph: the catalogue
// holds it for every architecture, and a stage finds it again for the network that it is given.
#pragma once

#include <vector>

#include "base/json.h"
#include "engine/graph/graph.h"
#include "engine/quant/protocol.h"
#include "engine/quant/units.h"

namespace zerosweep {

// {"batch_norms": how many,
//  "features": numbers that the classifier reads,
//  "shortcuts": {act_placement: values of the protocol's `shortcut` under which some block's
//                shortcut does not read what its other operators read},
//  "signed": act_placements under which some quantizer stands at a tensor with negative values,
//  "unit_ends": names of the nodes at which a unit may end, in order,
//  "stem_ends": those of them before the second weighted operator}
Json NetworkFacts(const Graph& graph);

// The first of `units` that reads the tensor of one of `sites` both before and behind its
// quantizer; null where there is none. Of quantizers behind operators.
const Unit* UnitWithShortcutApart(const std::vector<Unit>& units,
                                  const std::vector<ActSite>& sites);

}  // namespace zerosweep
