// Bits for every weighted op: chosen under a budget, or given op by op.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/quant/protocol.h"
#include "engine/sensitivity/pareto.h"
#include "engine/sensitivity/sensitivity.h"

namespace zerosweep {

struct MixedPrecision {
  int budget = 0;            // average bits per weight
  std::vector<int> choices;  // ascending, within 2…8
  int64_t bucket = 0;        // bits (ParetoFrontier)
};

// Sizes count the weights of all convolutions and linear layers at their bits, including those that
// the protocol fixes. They do not count biases, batch norms and grids.
struct BitAllocation {
  WeightBitWidths widths;
  std::vector<FrontierPoint> frontier;  // of the whole network
  FrontierPoint chosen;                 // the last point within the budget
  int64_t budget = 0;                   // in bits: the size with every weight at the budget's width
};

// Ops whose bits the protocol fixes (first_w, last_w) keep them; the others share the rest of the
// budget. Throws kUsage when even the smallest choices exceed it, and kStorage when the sensitivity
// belongs to another network.
BitAllocation AllocateBits(const Graph& graph, const Protocol& protocol,
                           const Sensitivity& sensitivity, const MixedPrecision& mixed);

// Returns bits given op by op. Throws kUsage, in one line, for names that are no weighted op (each
// with the nearest name) and for weighted ops without bits.
WeightBitWidths WidthsByOp(const Graph& graph, const std::map<std::string, int>& bits);

}  // namespace zerosweep
