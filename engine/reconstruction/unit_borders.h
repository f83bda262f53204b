// The places and initial values of AQuant's rounding borders (quant/rounding_border.h) in a network.
#pragma once

#include <vector>

#include "engine/graph/units.h"
#include "engine/quant/protocol.h"
#include "engine/quant/quantized_network.h"
#include "engine/quant/rounding_border.h"

namespace zerosweep {

struct BorderSettings {
  BorderRows rows = BorderRows::kChannel;  // kElement needs quantizers at the inputs of operators
  bool closed_form = true;                 // initial value; false: one half
};

// Makes the readers of every site quantize its columns themselves, as borders by element require.
// Throws kUsage unless quantizers stand at the inputs of operators.
void QuantizeByElement(ActPlacement placement, const Graph& teacher, QuantizedNetwork& network);

// Gives a border to each of `sites` that has none yet. Sites that no weight reads keep rounding to
// nearest. The closed form compensates for the weights of readers that the unit's loss sees; for
// other readers a border begins at one half. `teacher` has the network's nodes in full precision.
void BeginBorders(const BorderSettings& settings, const Graph& teacher, const Unit& unit,
                  const std::vector<size_t>& sites, QuantizedNetwork& network);

}  // namespace zerosweep
