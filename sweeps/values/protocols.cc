#include "sweeps/values/protocols.h"

#include <algorithm>

#include "base/text.h"
#include "sweeps/values/parameters.h"

namespace zerosweep {
namespace {

std::vector<std::string> PresetNames(const Catalogue& catalogue) {
  std::vector<std::string> names;
  for (const auto& [name, fields] : catalogue.protocol().presets) names.push_back(name);
  return names;
}

std::string ParsePreset(const YamlNode& node, const Catalogue& catalogue) {
  const std::string& preset = RequireWord(node, "protocol");
  if (!catalogue.protocol().presets.contains(preset)) {
    FailAt(node.where, "unknown protocol '{}'{}", preset,
           Suggestion(preset, PresetNames(catalogue)));
  }
  return preset;
}

Json PresetFields(const std::string& preset, const Catalogue& catalogue) {
  Json fields = catalogue.protocol().Defaults();
  if (!preset.empty()) fields.update(catalogue.protocol().presets.at(preset));
  return fields;
}

}  // namespace

ProtocolChoice ParseProtocol(const YamlNode& node, const Catalogue& catalogue) {
  ProtocolChoice choice;
  if (!node.is_map()) {
    choice.preset = ParsePreset(node, catalogue);
    return choice;
  }
  choice.changed = CheckedBlock(ParamsOf(catalogue.protocol()), node, "protocol", {"preset"});
  if (const YamlNode* preset = node.Find("preset")) {
    choice.preset = ParsePreset(*preset, catalogue);
  }
  return choice;
}

RecipeProtocol ParseRecipeProtocol(const YamlNode& node, const Catalogue& catalogue) {
  const bool by_variant =
      std::ranges::any_of(kVariants, [&](const auto& variant) { return node.Find(variant); });
  if (!by_variant) return {ParseProtocol(node, catalogue)};
  RequireKeys(node, kVariants, "protocol");
  const YamlNode* code = node.Find("code");
  if (code == nullptr) FailAt(node.where, "protocol by variant has no choice for code");
  RecipeProtocol protocol{ParseProtocol(*code, catalogue)};
  for (const std::string& variant : kVariants) {
    const YamlNode* choice = node.Find(variant);
    if (choice != nullptr && choice != code)
      protocol.variants[variant] = ParseProtocol(*choice, catalogue);
  }
  return protocol;
}

Protocol ResolveProtocol(const ProtocolChoice& choice, const Catalogue& catalogue) {
  std::string preset = choice.preset;
  Json fields = PresetFields(preset, catalogue);
  if (preset.empty()) {
    fields.update(choice.changed);
    for (const std::string& name : PresetNames(catalogue)) {
      if (fields == PresetFields(name, catalogue)) return {name, fields};
    }
    fields = PresetFields(preset, catalogue);
  }
  Json changed = Json::object();
  for (const auto& [name, value] : choice.changed.items()) {
    if (fields.at(name) != value) changed[name] = value;
  }
  fields.update(changed);
  std::string label = preset.empty() ? "default" : preset;
  if (!changed.empty()) label += "*" + JsonDigest(changed).substr(0, 4);
  return {label, fields};
}

Json ProtocolOfStage(const Json& fields, const std::string& kind, const Catalogue& catalogue) {
  Json own = Json::object();
  for (const auto& [param, stages] : catalogue.protocol().fields)
    if (std::ranges::find(stages, kind) != stages.end()) own[param.name] = fields.at(param.name);
  return WithoutNeutral(ParamsOf(catalogue.protocol()), std::move(own));
}

}  // namespace zerosweep
