// methods: synthesizers, quantizers and stage kinds with every parameter.
#include "sweeps/values/methods.h"

#include <array>
#include <memory>

#include "base/text.h"
#include "cli/output/catalogue_tables.h"
#include "cli/output/methods_page.h"
#include "cli/output/table.h"

namespace zerosweep {
namespace {

constexpr std::array kRoles = {Role::kSynthesizer, Role::kQuantizer, Role::kKind};

// One row per parameter; a method without parameters has one row with empty cells.
Table MethodRows(const Catalogue& catalogue) {
  Table table{.columns = {"role", "name", "summary", "paper", "revision", "uses_seed"}};
  table.columns.insert(table.columns.end(), ParameterColumns().begin(), ParameterColumns().end());
  for (const Role role : kRoles) {
    for (const Declaration& entry : catalogue.Of(role)) {
      const std::vector<Json> head = {ToString(role),      entry.name,     entry.summary,
                                      OrNull(entry.paper), entry.revision, entry.uses_seed};
      if (entry.params.empty()) {
        table.rows.push_back(head);
        table.rows.back().resize(table.columns.size());
      }
      for (const ParamSpec& param : entry.params) {
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
  for (const Role role : kRoles) {
    for (const Declaration& entry : catalogue.Of(role)) {
      PrintEntry(role, entry);
      fmt::print("\n");
    }
  }
  for (const Recipe& recipe : catalogue.recipes()) {
    std::vector<std::string> parts;
    for (const Role role : recipe.Roles()) parts.push_back(recipe.Part(role).name);
    fmt::print("recipe {} = {}: {}\n", recipe.name, Join(parts, " + "), recipe.summary);
  }
  return kExitOk;
}

const RegisterCommand kMethods{"methods", "List synthesizers and quantizers with their parameters",
                               [](CLI::App& app, bool& markdown) {
                                 app.add_flag("--markdown", markdown,
                                              "Print them as docs/methods.md");
                               },
                               RunMethods};

}  // namespace
}  // namespace zerosweep
