#include "sweeps/parameters.h"

#include <algorithm>

#include "base/text.h"

namespace zerosweep {
namespace {

void CheckRange(const Json& param, const YamlNode& node, const std::string& label, double value) {
  if (param.contains("min") && value < param["min"].get<double>()) {
    FailAt(node.where, "{} is {}, must be at least {}", label, node.Shown(),
           param["min"].get<double>());
  }
  if (param.contains("max") && value > param["max"].get<double>()) {
    FailAt(node.where, "{} is {}, must be at most {}", label, node.Shown(),
           param["max"].get<double>());
  }
}

Json CheckedNumber(const Json& param, const YamlNode& node, const std::string& label) {
  const Json value = node.ToJson();
  const bool integer = param.at("type") == "int";
  if (integer ? !value.is_number_integer() : !value.is_number()) {
    FailAt(node.where, "{} is {}, must be {}", label, node.Shown(),
           integer ? "an integer" : "a number");
  }
  CheckRange(param, node, label, value.get<double>());
  return integer ? value : Json(value.get<double>());
}

Json CheckedBits(const YamlNode& node, const std::string& label) {
  const Json value = node.ToJson();
  const bool fits = value.is_number_integer() && ((value >= 2 && value <= 8) || value == 32);
  if (!fits && value != "same") {
    FailAt(node.where, "{} is {}, must be 2 to 8, 32 or 'same'", label, node.Shown());
  }
  return value;
}

// Declarations may write a float's default as an integer; names must not depend on that.
Json Typed(const Json& param, const Json& value) {
  return param.at("type") == "float" && value.is_number() ? Json(value.get<double>()) : value;
}

}  // namespace

const std::string& RequireChoice(const YamlNode& node, const std::string& label,
                                 const std::vector<std::string>& known) {
  if (!node.is_scalar() || std::find(known.begin(), known.end(), node.text) == known.end()) {
    const auto nearest = node.is_scalar() ? NearestWord(node.text, known) : std::nullopt;
    FailAt(node.where, "{} is {}, must be one of {}{}", label, node.Shown(), Join(known, ", "),
           nearest ? fmt::format(", did you mean '{}'?", *nearest) : "");
  }
  return node.text;
}

Json CheckedValue(const Json& param, const YamlNode& node, const std::string& label) {
  const std::string& type = param.at("type").get_ref<const std::string&>();
  if (type == "int" || type == "float") return CheckedNumber(param, node, label);
  if (type == "bits") return CheckedBits(node, label);
  if (type == "choice") return RequireChoice(node, label, param.at("choices"));
  if (type == "bool") {
    Json value = node.ToJson();
    if (!value.is_boolean()) {
      FailAt(node.where, "{} is {}, must be true or false", label, node.Shown());
    }
    return value;
  }
  if (type != "string") {
    Fail(ErrorKind::kInternal, "the catalogue declares {} with unknown type '{}'", label, type);
  }
  if (!node.is_scalar()) FailAt(node.where, "{} is {}, must be text", label, node.Shown());
  return node.text;
}

const Json* FindParam(const Json& declaration, const std::string& name) {
  const Json& params = declaration.at("params");
  const auto found = std::find_if(params.begin(), params.end(),
                                  [&](const Json& param) { return param.at("name") == name; });
  return found == params.end() ? nullptr : &*found;
}

namespace {

Json ValuesByProfile(const Json& param, const YamlNode& node, const std::string& label) {
  RequireKeys(node, kProfiles, label);
  Json values = Json::object();
  for (const std::string& profile : kProfiles) {
    const YamlNode* value = node.Find(profile);
    if (value == nullptr) FailAt(node.where, "{} has no value for profile {}", label, profile);
    values[profile] = CheckedValue(param, *value, label + "." + profile);
  }
  return values;
}

}  // namespace

Json CheckedBlock(const std::vector<const Json*>& declarations, const YamlNode& block,
                  const std::string& name, const std::vector<std::string>& extra,
                  ByProfile by_profile) {
  Json given = Json::object();
  if (block.kind == YamlNode::Kind::kNull) return given;
  std::vector<std::string> known;
  for (const Json* declaration : declarations) {
    for (const Json& param : declaration->at("params")) known.push_back(param.at("name"));
  }
  known.insert(known.end(), extra.begin(), extra.end());
  RequireKeys(block, known, name);
  for (const YamlMember& member : block.members) {
    for (const Json* declaration : declarations) {
      if (const Json* param = FindParam(*declaration, member.key)) {
        const std::string label = name + "." + member.key;
        given[member.key] = by_profile == ByProfile::kAllowed && member.value.is_map()
                                ? ValuesByProfile(*param, member.value, label)
                                : CheckedValue(*param, member.value, label);
        break;
      }
    }
  }
  return given;
}

Json ResolveParams(const Json& declaration, const Json& given, const Json& recipe,
                   const std::string& profile, const std::string& variant) {
  Json values = Json::object();
  for (const Json& param : declaration.at("params")) {
    const std::string& name = param.at("name").get_ref<const std::string&>();
    const Json* value = &param.at("default");
    for (const auto& [layer, key] : {std::pair("profiles", &profile), {"variants", &variant}}) {
      if (param.contains(layer) && param[layer].contains(*key)) value = &param[layer][*key];
    }
    if (recipe.contains(name)) {
      value = recipe[name].is_object() ? &recipe[name].at(profile) : &recipe[name];
    }
    if (given.contains(name)) value = &given[name];
    values[name] = Typed(param, *value);
  }
  return values;
}

Json WithoutNeutral(const Json& params_declared, Json values) {
  for (const Json& param : params_declared) {
    const auto neutral = param.find("neutral");
    const auto value = values.find(param.at("name").get_ref<const std::string&>());
    if (neutral != param.end() && value != values.end() && *value == Typed(param, *neutral)) {
      values.erase(value);
    }
  }
  return values;
}

}  // namespace zerosweep
