// models: built-in architectures, and the trained models that are shipped.
#include "cli/command.h"
#include "cli/places.h"
#include "cli/table.h"
#include "sweeps/model_files.h"

namespace zerosweep {
namespace {

Json Fact(const Json& facts, const char* key) {
  const auto found = facts.find(key);
  return found == facts.end() ? Json() : *found;
}

int RunModels(const Globals& globals) {
  Table table;
  table.columns = {"model",       "arch",    "dataset", "top1",   "input_shape",
                   "batch_norms", "layouts", "paper",   "summary"};
  const Catalogue& catalogue = CompiledCatalogue();
  for (const Json& card : ShippedCards(ModelFolders())) {
    const Json* arch = catalogue.Find("model", card.at("arch"));
    table.rows.push_back({card.at("name"), card.at("arch"), card.at("dataset"), Fact(card, "top1"),
                          Fact(card, "input_shape"),
                          arch == nullptr ? Json() : Fact(arch->at("facts"), "batch_norms"), Json(),
                          Json(), "trained weights"});
  }
  for (const Json& arch : catalogue.json().at("models")) {
    table.rows.push_back({Json(), arch.at("name"), Json(), Json(),
                          Fact(arch.at("facts"), "input_shape"),
                          Fact(arch.at("facts"), "batch_norms"), Fact(arch.at("facts"), "layouts"),
                          arch.at("paper"), arch.at("summary")});
  }
  PrintTable(table, globals);
  return kExitOk;
}

const RegisterCommand kModels{"models", "List built-in architectures and trained models",
                              [](CLI::App&, const Globals& globals) -> CommandBody {
                                return [&globals] { return RunModels(globals); };
                              }};

}  // namespace
}  // namespace zerosweep
