// Values that are written in one word: bits and seeds.
#include <limits>
#include <regex>

#include "sweeps/trial_resolver.h"

namespace zerosweep {
namespace {

[[noreturn]] void RefuseMixedPrecision(const YamlNode& node) {
  FailAt(node.where,
         "bits {}: mixed precision is not available in this version, give one number "
         "of bits",
         node.Shown());
}

int64_t CheckedBits(const YamlNode& node, const std::string& label) {
  const Json value = node.ToJson();
  const bool words =
      value.is_string() && (node.text.starts_with("mp") || node.text.ends_with(".json"));
  if (words || node.is_list()) RefuseMixedPrecision(node);
  if (!value.is_number_integer() || !((value >= 2 && value <= 8) || value == 32)) {
    FailAt(node.where, "{} is {}, must be 2 to 8, or 32 for full precision", label, node.Shown());
  }
  return value;
}

}  // namespace

Bits ParseBits(const YamlNode& node) {
  if (node.is_map()) {
    if (const YamlNode* choices = node.Find("choices")) RefuseMixedPrecision(*choices);
    RequireKeys(node, {"w", "a"}, "bits");
    for (const char* key : {"w", "a"}) {
      if (node.Find(key) == nullptr) FailAt(node.where, "bits has no '{}'", key);
    }
    return {CheckedBits(*node.Find("w"), "bits.w"), CheckedBits(*node.Find("a"), "bits.a")};
  }
  static const std::regex kWord("w([0-9]{1,2})a([0-9]{1,2})");
  static const std::regex kMixed("wmp.*");
  const std::string& word = RequireWord(node, "bits");
  std::smatch match;
  if (std::regex_match(word, kMixed)) RefuseMixedPrecision(node);
  if (!std::regex_match(word, match, kWord)) {
    FailAt(node.where, "bits is {}, must be like w8a8 or {{w: 4, a: 8}}", node.Shown());
  }
  Bits bits{std::stoi(match[1]), std::stoi(match[2])};
  for (const int64_t count : {bits.w, bits.a}) {
    if ((count < 2 || count > 8) && count != 32) {
      FailAt(node.where, "bits is '{}', must be 2 to 8, or 32 for full precision", word);
    }
  }
  return bits;
}

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
