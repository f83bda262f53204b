#include "contract/declaration.h"

#include "base/enum_words.h"
#include "base/error.h"

namespace zerosweep {

namespace {

constexpr std::array kParamTypes = {"int", "float", "bool", "string", "choice", "bits"};
constexpr std::array kPresences = {"alone", "always", "synthesizer", "mixed_bits", "needed"};
constexpr std::array kSetters = {"evaluate", "synthesizer", "quantizer", "bits"};
constexpr std::array kRoleNames = {"kind", "synthesizer", "quantizer", "model", "dataset"};

template <typename Enum, size_t kCount>
void FromWord(const Json& json, const std::array<const char*, kCount>& words, Enum& value) {
  const auto found = EnumOf<Enum>(words, json.get_ref<const std::string&>());
  if (!found) Fail(ErrorKind::kInternal, "the catalogue holds {}", json.dump());
  value = *found;
}

}  // namespace

const char* ToString(ParamType type) { return kParamTypes.at(static_cast<size_t>(type)); }
const char* ToString(Role role) { return kRoleNames.at(static_cast<size_t>(role)); }

void to_json(Json& json, ParamType type) { json = ToString(type); }
void from_json(const Json& json, ParamType& type) { FromWord(json, kParamTypes, type); }
void to_json(Json& json, Role role) { json = ToString(role); }
void from_json(const Json& json, Role& role) { FromWord(json, kRoleNames, role); }
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Condition, fact, relation, value)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Limit, when, message)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ParamSpec, name, type, default_value, meaning, unit, source, min,
                                   max, choices, profiles, variants, neutral)
void to_json(Json& json, KindFacts::Presence presence) {
  json = kPresences.at(static_cast<size_t>(presence));
}
void from_json(const Json& json, KindFacts::Presence& presence) {
  FromWord(json, kPresences, presence);
}
void to_json(Json& json, KindFacts::SetBy set_by) {
  json = kSetters.at(static_cast<size_t>(set_by));
}
void from_json(const Json& json, KindFacts::SetBy& set_by) { FromWord(json, kSetters, set_by); }
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(KindFacts, presence, set_by, provides, reads, runs,
                                   reads_weights, reads_test_images, passes)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(MethodFacts, joint, groups, labels)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ModelFacts, input_shape, classes, macs, min_side, map_side,
                                   stride_side, layouts, batch_norms, parameters, features,
                                   shortcuts, signed_placements, weighted, unit_ends, stem_ends)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(DatasetFacts, classes, shape, files, folders, fallback,
                                   alternative_folders, default_folder, debian_package, layout,
                                   test_images, lists)
// Without the facts, which depend on the role.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Declaration, name, summary, paper, revision, uses_seed, needs,
                                   params, limits)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ProtocolField, param, stages)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ProtocolFields, fields, presets)

namespace {

Json DeclarationToJson(const Declaration& d) {
  Json json = d;
  json["facts"] = std::visit([](const auto& of_role) { return Json(of_role); }, d.facts);
  return json;
}

Declaration DeclarationFromJson(const Json& json, Role role) {
  auto d = json.get<Declaration>();
  if (role == Role::kKind) d.facts = json.at("facts").get<KindFacts>();
  if (role == Role::kSynthesizer || role == Role::kQuantizer)
    d.facts = json.at("facts").get<MethodFacts>();
  if (role == Role::kModel) d.facts = json.at("facts").get<ModelFacts>();
  if (role == Role::kDataset) d.facts = json.at("facts").get<DatasetFacts>();
  return d;
}

}  // namespace

bool Declaration::Needs(const std::string& what) const {
  return std::find(needs.begin(), needs.end(), what) != needs.end();
}

const ParamSpec* Declaration::Find(const std::string& param) const {
  const auto found = std::find_if(params.begin(), params.end(),
                                  [&](const ParamSpec& spec) { return spec.name == param; });
  return found == params.end() ? nullptr : &*found;
}

Json ProtocolFields::Defaults() const {
  Json values = Json::object();
  for (const ProtocolField& field : fields) values[field.param.name] = field.param.default_value;
  return values;
}

Json ToJson(const Declarations& declarations) {
  Json json = {{"protocol", declarations.protocol}};
  for (const Role role : kAllRoles) {
    Json& list = json[ToString(role)] = Json::array();
    for (const Declaration& declaration : declarations.Of(role))
      list.push_back(DeclarationToJson(declaration));
  }
  return json;
}

Declarations DeclarationsFromJson(const Json& json) {
  Declarations declarations{json.at("protocol").get<ProtocolFields>(), {}};
  for (const Role role : kAllRoles) {
    std::vector<Declaration>& list = declarations.by_role[role];
    for (const Json& entry : json.at(ToString(role)))
      list.push_back(DeclarationFromJson(entry, role));
  }
  return declarations;
}

Json ToJson(const ModelFacts& facts) { return facts; }

ModelFacts ModelFactsFromJson(const Json& json) { return json.get<ModelFacts>(); }

}  // namespace zerosweep
