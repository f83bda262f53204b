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
