// A recipe: a method as its paper combines it (sweeps/recipes/NAME.yaml), checked and compiled into
// the program.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "contract/declaration.h"

namespace zerosweep {

// The protocol as a sweep or recipe writes it: `zeroq`, or `{preset: genie, first_w: 4}`.
struct ProtocolChoice {
  std::string preset;             // empty: the defaults of the fields
  Json changed = Json::object();  // fields that override the preset
};

// One choice, or one for each variant, `{code: qdrop, paper: pd_quant}`, where variants that are
// not named use the choice of `code`.
struct RecipeProtocol {
  ProtocolChoice usual;
  std::map<std::string, ProtocolChoice> variants = {};

  const ProtocolChoice& Of(const std::string& variant) const;
};

struct RecipePart {
  std::string name;              // of the synthesizer or quantizer
  Json params = Json::object();  // set by the recipe; a value by profile is an object
};

struct Recipe {
  std::string name, paper, summary;
  std::optional<RecipePart> synthesizer;  // absent: the quantizer makes its own images
  RecipePart quantizer;
  RecipeProtocol protocol;
  std::string variant;

  // Those of kSynthesizer and kQuantizer that it has, in the order in which they run.
  std::vector<Role> Roles() const;
  // REQUIRES: `role` is one of Roles().
  const RecipePart& Part(Role role) const;
};

// The form that is compiled in. RecipesFromJson throws nlohmann::json::exception for any other.
Json ToJson(const std::vector<Recipe>& recipes);
std::vector<Recipe> RecipesFromJson(const Json& json);

}  // namespace zerosweep
