// The protocol of a trial: a preset, and fields that override it.
#pragma once

#include <string>

#include "sweeps/grammar/yaml_tree.h"
#include "sweeps/values/catalogue.h"

namespace zerosweep {

struct Protocol {
  std::string label;  // "zeroq"; "genie*1a2b" where fields differ from the preset (the mark is the
                      // start of their digest); "default" without a preset
  Json fields;        // every field with its value
};

// Throws kUsage for an unknown preset or field and a value out of range.
ProtocolChoice ParseProtocol(const YamlNode& node, const Catalogue& catalogue);

// Throws kUsage as ParseProtocol does, and for a choice by variant that lacks `code`.
RecipeProtocol ParseRecipeProtocol(const YamlNode& node, const Catalogue& catalogue);

// Without a preset, fields that equal those of a preset get its name.
Protocol ResolveProtocol(const ProtocolChoice& choice, const Catalogue& catalogue);

// The fields that affect stages of `kind`, without neutral values: they enter the stages' names.
Json ProtocolOfStage(const Json& fields, const std::string& kind, const Catalogue& catalogue);

}  // namespace zerosweep
