#include <limits>

#include "sweeps/trial_resolver.h"

namespace zerosweep {

Seeds ParseSeeds(const YamlNode& node) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  if (!node.is_map()) {
    const int64_t seed = RequireInt(node, "seed", 0, kMax);
    return {seed, seed};
  }
  RequireKeys(node, {"synthesis", "quantize"}, "seed");
  const YamlNode* synthesis = node.Find("synthesis");
  const YamlNode* quantize = node.Find("quantize");
  if (synthesis == nullptr || quantize == nullptr) {
    FailAt(node.where, "seed has no '{}'", synthesis == nullptr ? "synthesis" : "quantize");
  }
  return {RequireInt(*synthesis, "seed.synthesis", 0, kMax),
          RequireInt(*quantize, "seed.quantize", 0, kMax)};
}

}  // namespace zerosweep
