// models: lists built-in architectures and shipped trained models.
#include <memory>

#include "cli/command.h"
#include "cli/output/networks_page.h"
#include "cli/output/table.h"
#include "cli/places.h"
#include "sweeps/values/model_files.h"

namespace zerosweep {
namespace {

Json Known(const Json& card, const char* key) {
  const auto found = card.find(key);
  return found == card.end() ? Json() : *found;
}

int RunModels(bool markdown, const Globals& globals) {
  const Catalogue& catalogue = CompiledCatalogue();
  if (markdown) {
    fmt::print("{}", NetworksPage(catalogue));
    return kExitOk;
  }
  Table table{.columns = {"model", "arch", "dataset", "top1", "input_shape", "batch_norms",
                          "layouts", "paper", "summary"}};
  for (const Json& card : ShippedCards(ModelFolders(globals.home()))) {
    const Declaration* arch = catalogue.Find(Role::kModel, card.at("arch"));
    table.rows.push_back({card.at("name"), card.at("arch"), card.at("dataset"), Known(card, "top1"),
                          Known(card, "input_shape"),
                          arch == nullptr ? Json() : Json(arch->model().batch_norms), Json(),
                          Json(), "trained weights"});
  }
  for (const Declaration& arch : catalogue.Of(Role::kModel)) {
    const ModelFacts& facts = arch.model();
    table.rows.push_back({Json(), arch.name, Json(), Json(), facts.input_shape, facts.batch_norms,
                          facts.layouts, arch.paper, arch.summary});
  }
  PrintTable(table, globals);
  return kExitOk;
}

const RegisterCommand kModels{"models", "List built-in architectures and trained models",
                              [](CLI::App& app, bool& markdown) {
                                app.add_flag("--markdown", markdown,
                                             "Print the architectures as docs/networks.md");
                              },
                              RunModels};

}  // namespace
}  // namespace zerosweep
