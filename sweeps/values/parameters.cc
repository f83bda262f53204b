#include "sweeps/values/parameters.h"

#include <algorithm>

#include "base/text.h"

namespace zerosweep {
namespace {

void CheckRange(const ParamSpec& param, const YamlNode& node, const std::string& label,
                double value) {
  if (param.min && value < *param.min)
    FailAt(node.where, "{} is {}, must be at least {}", label, node.Shown(), *param.min);
  if (param.max && value > *param.max)
    FailAt(node.where, "{} is {}, must be at most {}", label, node.Shown(), *param.max);
}

Json CheckedNumber(const ParamSpec& param, const YamlNode& node, const std::string& label) {
  const Json value = node.ToJson();
  const bool integer = param.type == ParamType::kInt;
  if (integer ? !value.is_number_integer() : !value.is_number()) {
    FailAt(node.where, "{} is {}, must be {}", label, node.Shown(),
           integer ? "an integer" : "a number");
  }
  CheckRange(param, node, label, value.get<double>());
  return integer ? value : Json(value.get<double>());
}

Json CheckedBool(const YamlNode& node, const std::string& label) {
  Json value = node.ToJson();
  if (!value.is_boolean())
    FailAt(node.where, "{} is {}, must be true or false", label, node.Shown());
  return value;
}

Json CheckedBits(const YamlNode& node, const std::string& label) {
  const Json value = node.ToJson();
  if (!IsBitWidth(value) && value != "same") {
    FailAt(node.where, "{} is {}, must be 2 to 8, 32 or 'same'", label, node.Shown());
  }
  return value;
}

// A declaration may write a float's default as an integer; names must not depend on that.
Json Typed(const ParamSpec& param, const Json& value) {
  return param.type == ParamType::kFloat && value.is_number() ? Json(value.get<double>()) : value;
}

Json ValuesByProfile(const ParamSpec& param, const YamlNode& node, const std::string& label) {
  RequireKeys(node, kProfiles, label);
  Json values = Json::object();
  for (const std::string& profile : kProfiles) {
    const YamlNode* value = node.Find(profile);
    if (value == nullptr) FailAt(node.where, "{} has no value for profile {}", label, profile);
    values[profile] = CheckedValue(param, *value, label + "." + profile);
  }
  return values;
}

const Json& DefaultOf(const ParamSpec& param, const std::string& profile,
                      const std::string& variant) {
  const auto of_variant = param.variants.find(variant);
  if (of_variant != param.variants.end()) return of_variant->second;
  const auto of_profile = param.profiles.find(profile);
  return of_profile != param.profiles.end() ? of_profile->second : param.default_value;
}

}  // namespace

bool IsBitWidth(const Json& value) {
  return value.is_number_integer() && ((value >= 2 && value <= 8) || value == 32);
}

const std::string& RequireChoice(const YamlNode& node, const std::string& label,
                                 const std::vector<std::string>& known) {
  if (!node.is_scalar() || std::ranges::find(known, node.text) == known.end()) {
    const auto nearest = node.is_scalar() ? NearestWord(node.text, known) : std::nullopt;
    FailAt(node.where, "{} is {}, must be one of {}{}", label, node.Shown(), Join(known, ", "),
           nearest ? fmt::format(", did you mean '{}'?", *nearest) : "");
  }
  return node.text;
}

ParamSpecs ParamsOf(const std::vector<const Declaration*>& declarations) {
  ParamSpecs params;
  for (const Declaration* declaration : declarations)
    for (const ParamSpec& param : declaration->params) params.push_back(&param);
  return params;
}

ParamSpecs ParamsOf(const ProtocolFields& protocol) {
  ParamSpecs params;
  for (const ProtocolField& field : protocol.fields) params.push_back(&field.param);
  return params;
}

const ParamSpec* FindParam(const ParamSpecs& params, const std::string& name) {
  const auto found = std::ranges::find(params, name, &ParamSpec::name);
  return found == params.end() ? nullptr : *found;
}

Json CheckedValue(const ParamSpec& param, const YamlNode& node, const std::string& label) {
  switch (param.type) {
    case ParamType::kInt:
    case ParamType::kFloat:
      return CheckedNumber(param, node, label);
    case ParamType::kBits:
      return CheckedBits(node, label);
    case ParamType::kChoice:
      return RequireChoice(node, label, param.choices);
    case ParamType::kBool:
      return CheckedBool(node, label);
    case ParamType::kString:
      if (!node.is_scalar()) FailAt(node.where, "{} is {}, must be text", label, node.Shown());
      return node.text;
  }
  Fail(ErrorKind::kInternal, "{} has an unknown type", label);
}

Json CheckedBlock(const ParamSpecs& params, const YamlNode& block, const std::string& name,
                  const std::vector<std::string>& extra, ByProfile by_profile) {
  Json given = Json::object();
  if (block.kind == YamlNode::Kind::kNull) return given;
  std::vector<std::string> known;
  for (const ParamSpec* param : params)
    if (FindParam(params, param->name) == param) known.push_back(param->name);
  known.insert(known.end(), extra.begin(), extra.end());
  RequireKeys(block, known, name);
  for (const YamlMember& member : block.members) {
    const ParamSpec* param = FindParam(params, member.key);
    if (param == nullptr) continue;
    const std::string label = name + "." + member.key;
    given[member.key] = by_profile == ByProfile::kAllowed && member.value.is_map()
                            ? ValuesByProfile(*param, member.value, label)
                            : CheckedValue(*param, member.value, label);
  }
  return given;
}

Json ResolveParams(const Declaration& declaration, const Json& given, const Json& recipe,
                   const std::string& profile, const std::string& variant) {
  Json values = Json::object();
  for (const ParamSpec& param : declaration.params) {
    const Json* value = &DefaultOf(param, profile, variant);
    if (recipe.contains(param.name)) {
      const Json& set = recipe[param.name];
      value = set.is_object() ? &set.at(profile) : &set;
    }
    if (given.contains(param.name)) value = &given[param.name];
    values[param.name] = Typed(param, *value);
  }
  return values;
}

Json WithoutNeutral(const ParamSpecs& params, Json values) {
  for (const ParamSpec* param : params) {
    const auto value = values.find(param->name);
    if (!param->neutral.is_null() && value != values.end() &&
        *value == Typed(*param, param->neutral))
      values.erase(value);
  }
  return values;
}

}  // namespace zerosweep
