// recipes [NAME]: methods as their papers combine them, with every parameter resolved.
#include "base/text.h"
#include "cli/output/catalogue_tables.h"
#include "cli/output/table.h"
#include "cli/value_kinds.h"
#include "sweeps/values/methods.h"
#include "sweeps/values/parameters.h"
#include "sweeps/values/protocols.h"

namespace zerosweep {
namespace {

Table ListRecipes(const Catalogue& catalogue) {
  Table table{
      .columns = {"recipe", "synthesizer", "quantizer", "protocol", "variant", "paper", "summary"}};
  for (const Recipe& recipe : catalogue.recipes()) {
    const ProtocolChoice& protocol = recipe.protocol.Of(recipe.variant);
    table.rows.push_back({recipe.name, recipe.synthesizer ? Json(recipe.synthesizer->name) : Json(),
                          recipe.quantizer.name, ResolveProtocol(protocol, catalogue).label,
                          recipe.variant, OrNull(recipe.paper), recipe.summary});
  }
  return table;
}

// One row per parameter of the recipe's parts, under the profile `paper`.
Table ShowRecipe(const Recipe& recipe, const Catalogue& catalogue) {
  Table table{
      .columns = {"recipe", "part", "name", "parameter", "value", "unit", "meaning", "source"}};
  for (const Role role : recipe.Roles()) {
    const RecipePart& part = recipe.Part(role);
    const Declaration& declaration = catalogue.Get(role, part.name, "recipe");
    for (const Declaration* taken : DeclarationsOf(declaration, role, catalogue)) {
      const Json values =
          ResolveParams(*taken, Json::object(), part.params, "paper", recipe.variant);
      for (const ParamSpec& param : taken->params) {
        table.rows.push_back({recipe.name, ToString(role), part.name, param.name,
                              values.at(param.name), OrNull(param.unit), OrNull(param.meaning),
                              OrNull(param.source)});
      }
    }
  }
  return table;
}

int RunRecipes(const std::string& name, const Globals& globals) {
  const Catalogue& catalogue = CompiledCatalogue();
  if (name.empty()) {
    PrintTable(ListRecipes(catalogue), globals);
    return kExitOk;
  }
  const Recipe* recipe = catalogue.FindRecipe(name);
  if (recipe == nullptr) {
    Fail(ErrorKind::kUsage, "recipes: unknown recipe '{}'{}", name,
         Suggestion(name, catalogue.RecipeNames()));
  }
  PrintTable(ShowRecipe(*recipe, catalogue), globals);
  return kExitOk;
}

const RegisterCommand kRecipes{
    "recipes", "List recipes, or show one with every parameter",
    [](CLI::App& app, std::string& name) {
      app.add_option("name", name, "The recipe to show")->type_name(kind::kRecipe);
    },
    RunRecipes};

}  // namespace
}  // namespace zerosweep
