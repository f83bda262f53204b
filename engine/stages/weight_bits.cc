#include "engine/stages/weight_bits.h"

#include "base/error.h"
#include "engine/loop/curve.h"

namespace zerosweep {
namespace {

constexpr double kBitsPerByte = 8;

}  // namespace

StageBits ReadStageBits(const StageContext& context, const Graph& graph, const Protocol& protocol) {
  const Json& given = context.params().at("w_bits");
  if (given.is_number_integer()) return {given.get<int>(), {}};
  if (given.contains("layers")) return {WidthsByOp(graph, given.at("layers")), {}};
  MixedPrecision mixed;
  mixed.budget = given.at("budget");
  given.at("choices").get_to(mixed.choices);
  mixed.bucket = given.value("bucket", int64_t{0});
  const Sensitivity sensitivity = LoadSensitivity(context.Input("sensitivity"));
  BitAllocation allocation = AllocateBits(graph, protocol, sensitivity, mixed);
  return {allocation.widths, std::move(allocation)};
}

std::map<std::string, double> BitMetrics(const StageBits& bits, const QuantizedNetwork& network) {
  std::map<std::string, double> metrics;
  if (bits.widths.by_op.empty()) return metrics;
  const size_t digits = std::to_string(network.weights().size()).size();
  size_t index = 0;
  for (const auto& [node, weight] : network.weights()) {
    const std::string& name = network.graph().nodes[node].name;
    metrics[fmt::format("w_bits:{:0{}}:{}", index++, digits, name)] = weight.grid.bits;
  }
  if (bits.allocation) {
    metrics["budget_bytes"] = static_cast<double>(bits.allocation->budget) / kBitsPerByte;
    metrics["predicted_kl"] = bits.allocation->chosen.omega;
  }
  return metrics;
}

Json FrontierCurve(const BitAllocation& allocation) {
  const std::vector<FrontierPoint>& all = allocation.frontier;
  // Bins of equal size; from each, the point of lowest Ω, which is its last. Three places stay
  // free.
  const auto bins = static_cast<int64_t>(Curve::kMaxBins) - 3;
  const int64_t width = (all.back().size - all.front().size) / bins + 1;
  const auto bin = [&](const FrontierPoint& point) {
    return (point.size - all.front().size) / width;
  };
  Json x = Json::array(), y = Json::array();
  for (size_t i = 0; i < all.size(); ++i) {
    const bool last_of_bin = i + 1 == all.size() || bin(all[i + 1]) != bin(all[i]);
    if (i != 0 && !last_of_bin && !(all[i] == allocation.chosen)) continue;
    x.push_back(static_cast<double>(all[i].size) / kBitsPerByte);
    y.push_back(all[i].omega);
  }
  return {{"x", x}, {"y", y}};
}

}  // namespace zerosweep
