// datasets: lists the known datasets and their folders on this machine.
#include "base/text.h"
#include "cli/command.h"
#include "cli/output/catalogue_tables.h"
#include "cli/output/table.h"
#include "cli/places.h"
#include "sweeps/values/data_files.h"

namespace zerosweep {
namespace {

// The files of the test split that a dataset's folder must hold, for display.
std::string LayoutOf(const DatasetFacts& facts) {
  return facts.in_image_files() ? facts.layout : Join(facts.files.at("test"), ", ");
}

int RunDatasets(const Globals& globals) {
  DataRoots roots;
  if (!DataFolder().empty()) roots.push_back(std::filesystem::absolute(DataFolder()));
  Table table{.columns = {"dataset", "classes", "shape", "folder", "splits", "debian_package",
                          "layout", "summary"}};
  for (const Declaration& dataset : CompiledCatalogue().Of(Role::kDataset)) {
    const DatasetFacts& facts = dataset.dataset();
    const auto found = LocateDataset(dataset, roots);
    table.rows.push_back({dataset.name, facts.classes > 0 ? Json(facts.classes) : Json(),
                          facts.shape, found ? Json(found->folder.string()) : Json(),
                          found ? Json(found->splits) : Json(), OrNull(facts.debian_package),
                          LayoutOf(facts), dataset.summary});
  }
  PrintTable(table, globals);
  return kExitOk;
}

const RegisterCommand kDatasets{
    "datasets", "List datasets and where they lie ($ZEROSWEEP_DATA, or their usual folder)",
    RunDatasets};

}  // namespace
}  // namespace zerosweep
