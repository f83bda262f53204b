#include "sweeps/grammar/recipe.h"

namespace zerosweep {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ProtocolChoice, preset, changed)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RecipeProtocol, usual, variants)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RecipePart, name, params)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Recipe, name, paper, summary, synthesizer, quantizer, protocol,
                                   variant)

const ProtocolChoice& RecipeProtocol::Of(const std::string& variant) const {
  const auto found = variants.find(variant);
  return found == variants.end() ? usual : found->second;
}

std::vector<Role> Recipe::Roles() const {
  if (!synthesizer) return {Role::kQuantizer};
  return {Role::kSynthesizer, Role::kQuantizer};
}

const RecipePart& Recipe::Part(Role role) const {
  return role == Role::kSynthesizer ? synthesizer.value() : quantizer;
}

Json ToJson(const std::vector<Recipe>& recipes) { return recipes; }

std::vector<Recipe> RecipesFromJson(const Json& json) { return json; }

}  // namespace zerosweep
