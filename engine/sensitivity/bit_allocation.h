// Bits for every weighted op: chosen under a budget, or given one by one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/quant/protocol.h"
#include "engine/sensitivity/pareto.h"
#include "engine/sensitivity/sensitivity.h"

namespace zerosweep {

struct MixedPrecision {
  int budget = 0;            // bits a weight, on average
  std::vector<int> choices;  // ascending, within 2…8
  int64_t bucket = 0;        // bits (ParetoFrontier)
};

// Sizes count the weights of all convolutions and linear layers, at their bits, those that the
// protocol fixes included; no bias, batch norm or grid.
struct BitAllocation {
  WeightBitWidths widths;
  std::vector<FrontierPoint> frontier;  // of the whole network
  FrontierPoint chosen;                 // the last one within the budget
  int64_t budget = 0;                   // bits: the size with every weight at the budget's width
};

// Ops whose bits the protocol fixes (first_w, last_w) keep those; the others share what is left of
// the budget. Throws kUsage when even the smallest choice exceeds it, kStorage when the sensitivity
// is another network's.
BitAllocation AllocateBits(const Graph& graph, const Protocol& protocol,
                           const Sensitivity& sensitivity, const MixedPrecision& mixed);

// Bits given op by op. Throws kUsage, in one line, for names that are no weighted op (each with the
// nearest that is) and weighted ops without bits.
WeightBitWidths WidthsByOp(const Graph& graph, const std::map<std::string, int>& bits);

}  // namespace zerosweep
