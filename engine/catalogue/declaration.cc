#include "engine/catalogue/declaration.h"

#include <algorithm>
#include <tuple>

#include "base/error.h"
#include "engine/catalogue/protocol_fields.h"

namespace zerosweep {
namespace {

std::vector<Declaration>& All() {
  static std::vector<Declaration> declarations;
  return declarations;
}

Json Describe(const ParamSpec& param) {
  Json json = {{"name", param.name},
               {"type", param.type},
               {"default", param.default_value},
               {"meaning", param.meaning}};
  if (!param.unit.empty()) json["unit"] = param.unit;
  if (!param.source.empty()) json["source"] = param.source;
  if (param.min) json["min"] = *param.min;
  if (param.max) json["max"] = *param.max;
  if (!param.choices.empty()) json["choices"] = param.choices;
  if (!param.profiles.empty()) json["profiles"] = param.profiles;
  if (!param.variants.empty()) json["variants"] = param.variants;
  if (!param.neutral.is_null()) json["neutral"] = param.neutral;
  return json;
}

Json Describe(const Declaration& declaration) {
  Json params = Json::array();
  for (const ParamSpec& param : declaration.params) params.push_back(Describe(param));
  Json facts = declaration.facts;
  if (declaration.late_facts) facts.update(declaration.late_facts());
  return {{"name", declaration.name},
          {"summary", declaration.summary},
          {"paper", declaration.paper},
          {"revision", declaration.revision},
          {"uses_seed", declaration.uses_seed},
          {"needs", declaration.needs},
          {"params", params},
          {"limits", ToJson(declaration.limits)},
          {"facts", facts}};
}

}  // namespace

Declare::Declare(Declaration declaration) { All().push_back(std::move(declaration)); }

bool Declaration::Needs(const std::string& what) const {
  return std::find(needs.begin(), needs.end(), what) != needs.end();
}

Json DescribeAll() {
  std::vector<Declaration> sorted = All();
  const auto key = [](const Declaration& d) { return std::tie(d.role, d.name); };
  std::sort(sorted.begin(), sorted.end(),
            [&](const auto& a, const auto& b) { return key(a) < key(b); });
  Json catalogue = {{"format", 1}, {"protocol", ProtocolFields()}};
  for (const char* role : {"kind", "synthesizer", "quantizer", "trainer", "model", "dataset"}) {
    catalogue[std::string(role) + "s"] = Json::array();
  }
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (i > 0 && key(sorted[i]) == key(sorted[i - 1])) {
      Fail(ErrorKind::kInternal, "{} '{}' is declared twice", sorted[i].role, sorted[i].name);
    }
    Json& list = catalogue[sorted[i].role + "s"];
    if (!list.is_array()) Fail(ErrorKind::kInternal, "unknown role '{}'", sorted[i].role);
    list.push_back(Describe(sorted[i]));
  }
  return catalogue;
}

std::string CatalogueDigest() { return JsonDigest(DescribeAll()); }

}  // namespace zerosweep
