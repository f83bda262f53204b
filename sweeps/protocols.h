// The protocol of a trial: a preset, with fields changed over it.
#pragma once

#include <map>
#include <string>

#include "sweeps/catalogue.h"
#include "sweeps/yaml_tree.h"

namespace zerosweep {

// What a sweep or recipe says: `zeroq`, or `{preset: genie, first_w: 4}`. As JSON (in a compiled
// recipe): {"preset": name, "fields": {field: value}}.
struct ProtocolChoice {
  std::string preset;             // empty: the fields' defaults
  Json changed = Json::object();  // fields given over the preset
};

// What a recipe says: one choice, or by variant, `{code: qdrop, paper: pd_quant}`, where those that
// are not named are the code's. As JSON: that of the usual choice, with {"variants": {variant:
// choice}} where there are some.
struct RecipeProtocol {
  ProtocolChoice usual;
  std::map<std::string, ProtocolChoice> variants = {};

  const ProtocolChoice& Of(const std::string& variant) const;
};

struct Protocol {
  std::string label;  // "zeroq"; "genie*1a2b" when fields differ from the preset (the mark is the
                      // start of their digest); "default" without a preset
  Json fields;        // every field with its value
};

// Throws kUsage for an unknown preset or field and a value out of range.
ProtocolChoice ParseProtocol(const YamlNode& node, const Catalogue& catalogue);
ProtocolChoice ProtocolFromJson(const Json& json);
Json ToJson(const ProtocolChoice& choice);

// Throws kUsage as ParseProtocol does, and for a choice by variant without `code`.
RecipeProtocol ParseRecipeProtocol(const YamlNode& node, const Catalogue& catalogue);
RecipeProtocol RecipeProtocolFromJson(const Json& json);
Json ToJson(const RecipeProtocol& protocol);

// Without a preset, fields that coincide with one bear its name.
Protocol ResolveProtocol(const ProtocolChoice& choice, const Catalogue& catalogue);

// The fields that influence stages of `kind`, without neutral values: what goes into their names.
Json ProtocolOfStage(const Json& fields, const std::string& kind, const Catalogue& catalogue);

}  // namespace zerosweep
