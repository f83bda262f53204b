// A method as its paper puts it together (sweeps/recipes/NAME.yaml), checked and compiled into the
// program.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "contract/declaration.h"

namespace zerosweep {

// What a sweep or recipe says of the protocol: `zeroq`, or `{preset: genie, first_w: 4}`.
struct ProtocolChoice {
  std::string preset;             // empty: the fields' defaults
  Json changed = Json::object();  // fields given over the preset
};

// One choice, or one by variant, `{code: qdrop, paper: pd_quant}`, where those that are not named
// are the code's.
struct RecipeProtocol {
  ProtocolChoice usual;
  std::map<std::string, ProtocolChoice> variants = {};

  const ProtocolChoice& Of(const std::string& variant) const;
};

struct RecipePart {
  std::string name;              // of the synthesizer or quantizer
  Json params = Json::object();  // that it sets; a value by profile is an object
};

struct Recipe {
  std::string name, paper, summary;
  std::optional<RecipePart> synthesizer;  // none: the quantizer makes its own images
  RecipePart quantizer;
  RecipeProtocol protocol;
  std::string variant;

  // Of kSynthesizer and kQuantizer, those that it has, in the order in which they run.
  std::vector<Role> Roles() const;
  // REQUIRES: `role` is one of Roles().
  const RecipePart& Part(Role role) const;
};

// As they are compiled in. The reverse throws nlohmann::json::exception for another form.
Json ToJson(const std::vector<Recipe>& recipes);
std::vector<Recipe> RecipesFromJson(const Json& json);

}  // namespace zerosweep
