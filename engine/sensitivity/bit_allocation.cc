#include "engine/sensitivity/bit_allocation.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace zerosweep {
namespace {

constexpr size_t kMaxNames = 8;  // in a message

std::vector<std::string> WeightedNames(const Graph& graph) {
  std::vector<std::string> names;
  for (const int node : graph.Weighted()) names.push_back(graph.nodes[node].name);
  return names;
}

void RequireSameNetwork(const std::vector<std::string>& names, const Sensitivity& sensitivity) {
  const bool same =
      std::equal(names.begin(), names.end(), sensitivity.ops.begin(), sensitivity.ops.end(),
                 [](const auto& name, const auto& op) { return name == op.op; });
  if (!same) {
    Fail(ErrorKind::kStorage, "the sensitivity is of another network: it has {} ops, this one {}",
         sensitivity.ops.size(), names.size());
  }
}

// Joins at most kMaxNames of them.
std::string Shown(std::vector<std::string> words) {
  const size_t more = words.size() > kMaxNames ? words.size() - kMaxNames : 0;
  words.resize(words.size() - more);
  return Join(words, ", ") + (more > 0 ? fmt::format(" and {} more", more) : "");
}

}  // namespace

BitAllocation AllocateBits(const Graph& graph, const Protocol& protocol,
                           const Sensitivity& sensitivity, const MixedPrecision& mixed) {
  const std::vector<std::string> names = WeightedNames(graph);
  RequireSameNetwork(names, sensitivity);
  const std::vector<int> fixed = WeightBits(graph, protocol, 0);  // 0: free
  BitAllocation allocation;
  FrontierPoint base;  // cost of the fixed ops
  std::vector<std::vector<LayerOption>> layers;
  for (size_t i = 0; i < names.size(); ++i) {
    const int64_t weights = sensitivity.ops[i].weights;
    allocation.budget += weights * mixed.budget;
    if (fixed[i] != 0) {
      base.size += weights * fixed[i];
      base.omega += sensitivity.Omega(i, fixed[i]);
      continue;
    }
    std::vector<LayerOption>& options = layers.emplace_back();
    for (const int bits : mixed.choices)
      options.push_back({weights * bits, sensitivity.Omega(i, bits)});
  }
  const ParetoFrontier frontier(layers, mixed.bucket);
  const auto chosen = frontier.LastWithin(allocation.budget - base.size);
  if (!chosen) {
    Fail(ErrorKind::kUsage,
         "mp{}: the weights take at least {} bits ({} of them in ops whose bits the protocol "
         "fixes), the budget is {}: raise it, add smaller choices or set first_w and last_w to "
         "'same'",
         mixed.budget, base.size + frontier.points().front().size, base.size, allocation.budget);
  }
  for (const FrontierPoint& point : frontier.points())
    allocation.frontier.push_back({base.size + point.size, base.omega + point.omega});
  allocation.chosen = allocation.frontier[*chosen];
  const std::vector<size_t> options = frontier.OptionsOf(*chosen);
  for (size_t i = 0, free = 0; i < names.size(); ++i)
    allocation.widths.by_op[names[i]] = fixed[i] != 0 ? fixed[i] : mixed.choices[options[free++]];
  return allocation;
}

WeightBitWidths WidthsByOp(const Graph& graph, const std::map<std::string, int>& bits) {
  const std::vector<std::string> names = WeightedNames(graph);
  std::vector<std::string> unknown, missing;
  for (const auto& [name, width] : bits) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const auto nearest = NearestWord(name, names);
    unknown.push_back(nearest ? fmt::format("'{}' (did you mean '{}'?)", name, *nearest)
                              : fmt::format("'{}'", name));
  }
  std::copy_if(names.begin(), names.end(), std::back_inserter(missing),
               [&](const std::string& name) { return !bits.contains(name); });
  if (!unknown.empty() || !missing.empty()) {
    const bool both = !unknown.empty() && !missing.empty();
    Fail(ErrorKind::kUsage, "the bits by layer do not fit the network of {} weighted ops: {}{}{}",
         names.size(), unknown.empty() ? "" : "it has no " + Shown(unknown), both ? "; " : "",
         missing.empty() ? "" : "no bits are given for " + Shown(missing));
  }
  WeightBitWidths widths;
  widths.by_op = bits;
  return widths;
}

}  // namespace zerosweep
