// methods: synthesizers, quantizers, trainers and stage kinds with every parameter.
#include "sweeps/methods.h"

#include <memory>

#include "base/text.h"
#include "cli/catalogue_tables.h"
#include "cli/methods_page.h"
#include "cli/table.h"

namespace zerosweep {
namespace {

const std::vector<std::string> kRoles = {"synthesizer", "quantizer", "trainer", "kind"};

// One row a parameter; a method without parameters has one row with empty cells.
Table MethodRows(const Catalogue& catalogue) {
  Table table;
  table.columns = {"role", "name", "summary", "paper", "revision", "uses_seed"};
  table.columns.insert(table.columns.end(), ParameterColumns().begin(), ParameterColumns().end());
  for (const std::string& role : kRoles) {
    for (const Json& entry : catalogue.json().at(role + "s")) {
      const std::vector<Json> head = {role,
                                      entry.at("name"),
                                      entry.at("summary"),
                                      entry.at("paper") == "" ? Json() : entry.at("paper"),
                                      entry.at("revision"),
                                      entry.at("uses_seed")};
      if (entry.at("params").empty()) {
        table.rows.push_back(head);
        table.rows.back().resize(table.columns.size());
      }
      for (const Json& param : entry.at("params")) {
        const std::vector<Json> cells = ParameterCells(param);
        table.rows.push_back(head);
        table.rows.back().insert(table.rows.back().end(), cells.begin(), cells.end());
      }
    }
  }
  return table;
}

int RunMethods(bool markdown, const Globals& globals) {
  const Catalogue& catalogue = CompiledCatalogue();
  if (markdown) {
    fmt::print("{}", MethodsPage(catalogue));
    return kExitOk;
  }
  if (globals.format != "table") {
    PrintTable(MethodRows(catalogue), globals);
    return kExitOk;
  }
  for (const std::string& role : kRoles) {
    for (const Json& entry : catalogue.json().at(role + "s")) {
      PrintEntry(fmt::format("{} {}", role, entry.at("name").get<std::string>()), entry);
      fmt::print("\n");
    }
  }
  for (const Json& recipe : catalogue.recipes()) {
    std::vector<std::string> parts;
    for (const std::string& role : RolesOf(recipe))
      parts.push_back(recipe.at(role).at("name").get<std::string>());
    fmt::print("recipe {} = {}: {}\n", recipe.at("name").get<std::string>(), Join(parts, " + "),
               recipe.at("summary").get<std::string>());
  }
  return kExitOk;
}

const RegisterCommand kMethods{
    "methods", "List synthesizers and quantizers with their parameters",
    [](CLI::App& app, const Globals& globals) -> CommandBody {
      auto markdown = std::make_shared<bool>(false);
      app.add_flag("--markdown", *markdown, "Print them as docs/methods.md");
      return [markdown, &globals] { return RunMethods(*markdown, globals); };
    }};

}  // namespace
}  // namespace zerosweep
