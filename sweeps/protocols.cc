#include "sweeps/protocols.h"

#include <algorithm>

#include "base/text.h"
#include "sweeps/parameters.h"

namespace zerosweep {
namespace {

std::vector<std::string> PresetNames(const Catalogue& catalogue) {
  std::vector<std::string> names;
  for (const auto& [name, fields] : catalogue.protocol().at("presets").items()) {
    names.push_back(name);
  }
  return names;
}

std::string ParsePreset(const YamlNode& node, const Catalogue& catalogue) {
  const std::string& preset = RequireWord(node, "protocol");
  if (!catalogue.protocol().at("presets").contains(preset)) {
    FailAt(node.where, "unknown protocol '{}'{}", preset,
           Suggestion(preset, PresetNames(catalogue)));
  }
  return preset;
}

Json PresetFields(const std::string& preset, const Catalogue& catalogue) {
  Json fields = Json::object();
  for (const Json& field : catalogue.protocol().at("fields")) {
    fields[field.at("name").get<std::string>()] = field.at("default");
  }
  if (!preset.empty()) fields.update(catalogue.protocol().at("presets").at(preset));
  return fields;
}

}  // namespace

ProtocolChoice ParseProtocol(const YamlNode& node, const Catalogue& catalogue) {
  ProtocolChoice choice;
  if (!node.is_map()) {
    choice.preset = ParsePreset(node, catalogue);
    return choice;
  }
  const Json declaration = {{"params", catalogue.protocol().at("fields")}};
  choice.changed = CheckedBlock({&declaration}, node, "protocol", {"preset"});
  if (const YamlNode* preset = node.Find("preset")) {
    choice.preset = ParsePreset(*preset, catalogue);
  }
  return choice;
}

ProtocolChoice ProtocolFromJson(const Json& json) {
  return {json.at("preset").get<std::string>(), json.at("fields")};
}

Json ToJson(const ProtocolChoice& choice) {
  return {{"preset", choice.preset}, {"fields", choice.changed}};
}

const ProtocolChoice& RecipeProtocol::Of(const std::string& variant) const {
  const auto found = variants.find(variant);
  return found == variants.end() ? usual : found->second;
}

RecipeProtocol ParseRecipeProtocol(const YamlNode& node, const Catalogue& catalogue) {
  const bool by_variant = std::any_of(kVariants.begin(), kVariants.end(),
                                      [&](const auto& variant) { return node.Find(variant); });
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

RecipeProtocol RecipeProtocolFromJson(const Json& json) {
  RecipeProtocol protocol{ProtocolFromJson(json)};
  const Json variants = json.value("variants", Json::object());
  for (const auto& [variant, choice] : variants.items())
    protocol.variants[variant] = ProtocolFromJson(choice);
  return protocol;
}

Json ToJson(const RecipeProtocol& protocol) {
  Json json = ToJson(protocol.usual);
  for (const auto& [variant, choice] : protocol.variants)
    json["variants"][variant] = ToJson(choice);
  return json;
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
  for (const Json& field : catalogue.protocol().at("fields")) {
    const Json& stages = field.at("stages");
    if (std::find(stages.begin(), stages.end(), kind) == stages.end()) continue;
    const std::string name = field.at("name");
    own[name] = fields.at(name);
  }
  return WithoutNeutral(catalogue.protocol().at("fields"), std::move(own));
}

}  // namespace zerosweep
