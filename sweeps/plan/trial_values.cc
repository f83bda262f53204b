#include "sweeps/plan/trial_values.h"

#include <limits>

#include "sweeps/values/model_files.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

// A folder with exactly this name comes first: `$x` may be one.
fs::path ParseDataFolder(const YamlNode& node, const fs::path& sweep_folder) {
  const fs::path written = (sweep_folder / node.text).lexically_normal();
  std::error_code code;
  if (node.is_scalar() && !node.text.empty() && fs::is_directory(written, code)) return written;
  return (sweep_folder / RequirePath(node, "data")).lexically_normal();
}

ParamSpecs ParamsOfKinds(const Catalogue& catalogue) {
  std::vector<const Declaration*> kinds;
  for (const Declaration& kind : catalogue.Of(Role::kKind)) kinds.push_back(&kind);
  return ParamsOf(kinds);
}

}  // namespace

EvaluateBlock ParseEvaluate(const YamlNode& node, const Catalogue& catalogue) {
  EvaluateBlock block;
  block.given = CheckedBlock(ParamsOf(catalogue.KindsSetBy(KindFacts::SetBy::kEvaluate)), node,
                             "evaluate", {"resources"});
  if (const YamlNode* resources = node.Find("resources"))
    block.resources = ParseResources(*resources);
  return block;
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

TrialValues::TrialValues(const SweepSpec& spec, const Catalogue& catalogue,
                         const fs::path& sweep_folder) {
  for (const auto& [key, node] : spec.values())
    values_.emplace(node, Parse(key, *node, catalogue, sweep_folder));
}

TrialValues::Value TrialValues::Parse(TrialKey key, const YamlNode& node,
                                      const Catalogue& catalogue, const fs::path& sweep_folder) {
  switch (key) {
    case TrialKey::kMethod: {
      Method method = ParseMethod(node, catalogue);
      for (const Part* part : method.Parts()) Noted(*part);
      return method;
    }
    case TrialKey::kSynthesizer:
      return Noted(ParsePart(node, Role::kSynthesizer, catalogue));
    case TrialKey::kQuantizer:
      return Noted(ParsePart(node, Role::kQuantizer, catalogue));
    case TrialKey::kBits:
      return ParseBits(node, catalogue, sweep_folder);
    case TrialKey::kProtocol:
      return ParseProtocol(node, catalogue);
    case TrialKey::kVariant:
      return RequireChoice(node, NameOf(key), kVariants);
    case TrialKey::kProfile:
      return RequireChoice(node, NameOf(key), kProfiles);
    case TrialKey::kRanks:
      CheckRanks(node, ParamsOfKinds(catalogue));
      return {};
    case TrialKey::kResources:
      return ParseResources(node);
    case TrialKey::kEvaluate:
      return ParseEvaluate(node, catalogue);
    case TrialKey::kSeed:
      return ParseSeeds(node);
    case TrialKey::kModel:
      CheckModelForm(node);
      return {};
    case TrialKey::kData:
      return ParseDataFolder(node, sweep_folder);
  }
  return {};
}

Part TrialValues::Noted(Part part) {
  need_real_data_ |= part.declaration->Needs("real_data");
  return part;
}

}  // namespace zerosweep
