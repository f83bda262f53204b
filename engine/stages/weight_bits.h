// The weight bits of a quantize stage: its parameter `w_bits`.
#pragma once

#include <optional>

#include "base/json.h"
#include "engine/quant/quantized_network.h"
#include "engine/sensitivity/bit_allocation.h"
#include "engine/stages/stage_kind.h"

namespace zerosweep {

struct StageBits {
  WeightBitWidths widths;
  std::optional<BitAllocation> allocation;  // mixed precision only
};

// `w_bits` is one of:
// - a number;
// - {"budget": 4, "choices": [2, 4, 8], "bucket": 8192}: mixed precision, which reads the input
//   "sensitivity";
// - {"layers": {op: bits}}.
// Every quantize stage repeats the allocation, which needs no stage of its own: it takes less than
// a second, and it depends on protocol fields that belong to quantization. Throws kUsage as
// bit_allocation.h says.
StageBits ReadStageBits(const StageContext& context, const Graph& graph, const Protocol& protocol);

// For a network whose ops differ in bits: "w_bits:00:conv1" → bits for every weighted op in the
// graph's order, and for mixed precision also budget_bytes and predicted_kl. Empty for a single
// width.
std::map<std::string, double> BitMetrics(const StageBits& bits, const QuantizedNetwork& network);

// At most 512 points of the frontier for curve.json: {"x": bytes, "y": Ω}. The smallest, the
// largest and the chosen point are always among them.
Json FrontierCurve(const BitAllocation& allocation);

}  // namespace zerosweep
