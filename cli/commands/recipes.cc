// recipes [NAME]: methods as their papers put them together, with every parameter resolved.
#include "base/text.h"
#include "cli/catalogue_tables.h"
#include "cli/table.h"
#include "sweeps/methods.h"
#include "sweeps/parameters.h"
#include "sweeps/protocols.h"

namespace zerosweep {
namespace {

struct Options {
  std::string name;
};

std::string ProtocolLabel(const Json& recipe, const Catalogue& catalogue) {
  const RecipeProtocol protocol = RecipeProtocolFromJson(recipe.at("protocol"));
  return ResolveProtocol(protocol.Of(recipe.at("variant")), catalogue).label;
}

Table ListRecipes(const Catalogue& catalogue) {
  Table table;
  table.columns = {"recipe", "synthesizer", "quantizer", "protocol", "variant", "paper", "summary"};
  for (const Json& recipe : catalogue.recipes()) {
    table.rows.push_back(
        {recipe.at("name"),
         recipe.contains("synthesizer") ? recipe.at("synthesizer").at("name") : Json(),
         recipe.at("quantizer").at("name"), ProtocolLabel(recipe, catalogue), recipe.at("variant"),
         recipe.at("paper") == "" ? Json() : recipe.at("paper"), recipe.at("summary")});
  }
  return table;
}

// One row a parameter of the recipe's parts, under the profile `paper`.
Table ShowRecipe(const Json& recipe, const Catalogue& catalogue) {
  Table table;
  table.columns = {"recipe", "part", "name", "parameter", "value", "unit", "meaning", "source"};
  for (const std::string& role : RolesOf(recipe)) {
    const Json& declaration = catalogue.Get(role, recipe.at(role).at("name"), "recipe");
    for (const Json* taken : DeclarationsOf(declaration, role, catalogue)) {
      const Json values = ResolveParams(*taken, Json::object(), recipe.at(role).at("params"),
                                        "paper", recipe.at("variant"));
      for (const Json& param : taken->at("params")) {
        const std::vector<Json> cells = ParameterCells(param);
        table.rows.push_back({recipe.at("name"), role, declaration.at("name"), param.at("name"),
                              values.at(param.at("name").get<std::string>()), cells[3], cells[9],
                              cells[10]});
      }
    }
  }
  return table;
}

int RunRecipes(const Options& options, const Globals& globals) {
  const Catalogue& catalogue = CompiledCatalogue();
  if (options.name.empty()) {
    PrintTable(ListRecipes(catalogue), globals);
    return kExitOk;
  }
  const Json* recipe = catalogue.FindRecipe(options.name);
  if (recipe == nullptr) {
    Fail(ErrorKind::kUsage, "recipes: unknown recipe '{}'{}", options.name,
         Suggestion(options.name, catalogue.Names("recipe")));
  }
  PrintTable(ShowRecipe(*recipe, catalogue), globals);
  return kExitOk;
}

const RegisterCommand kRecipes{"recipes", "List recipes, or show one with every parameter",
                               [](CLI::App& app, const Globals& globals) -> CommandBody {
                                 auto options = std::make_shared<Options>();
                                 app.add_option("name", options->name, "The recipe to show");
                                 return
                                     [options, &globals] { return RunRecipes(*options, globals); };
                               }};

}  // namespace
}  // namespace zerosweep
