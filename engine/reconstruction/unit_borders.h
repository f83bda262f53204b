// Where AQuant's rounding borders (rounding_border.h) stand in a network, and where they begin.
#pragma once

#include <vector>

#include "engine/graph/units.h"
#include "engine/quant/protocol.h"
#include "engine/quant/quantized_network.h"
#include "engine/quant/rounding_border.h"

namespace zerosweep {

struct BorderSettings {
  BorderRows rows = BorderRows::kChannel;  // kElement needs quantizers in front of operators
  bool closed_form = true;                 // where learning begins; false: at one half
};

// Lets the readers of every site quantize its columns for themselves, as borders by element need
// it. Throws kUsage where quantizers do not stand in front of operators.
void QuantizeByElement(ActPlacement placement, const Graph& teacher, QuantizedNetwork& network);

// Gives those of `sites` that have no border yet one; sites that no weight reads keep rounding to
// nearest. The closed form makes up for the weights of readers that the unit's loss sees; of others
// a border is learned from one half. `teacher` has the network's nodes in full precision.
void BeginBorders(const BorderSettings& settings, const Graph& teacher, const Unit& unit,
                  const std::vector<size_t>& sites, QuantizedNetwork& network);

}  // namespace zerosweep
