// datasets: what can be read, and where it lies on this machine.
#include "base/text.h"
#include "cli/command.h"
#include "cli/places.h"
#include "cli/table.h"
#include "sweeps/data_files.h"

namespace zerosweep {
namespace {

// Which files a dataset's folder must hold: those of the test split, for people.
std::string LayoutOf(const Json& facts) {
  if (facts.contains("layout")) return facts["layout"];
  return Join(facts.at("files").at("test").get<std::vector<std::string>>(), ", ");
}

int RunDatasets(const Globals& globals) {
  DataRoots roots;
  if (!DataFolder().empty()) roots.push_back(std::filesystem::absolute(DataFolder()));
  Table table;
  table.columns = {"dataset", "classes",        "shape",  "folder",
                   "splits",  "debian_package", "layout", "summary"};
  for (const Json& dataset : CompiledCatalogue().json().at("datasets")) {
    const Json& facts = dataset.at("facts");
    const auto found = LocateDataset(dataset, roots);
    const std::string package = facts.value("debian_package", "");
    const int64_t classes = facts.at("classes");
    table.rows.push_back(
        {dataset.at("name"), classes > 0 ? Json(classes) : Json(), facts.at("shape"),
         found ? Json(found->folder.string()) : Json(), found ? Json(found->splits) : Json(),
         package.empty() ? Json() : Json(package), LayoutOf(facts), dataset.at("summary")});
  }
  PrintTable(table, globals);
  return kExitOk;
}

const RegisterCommand kDatasets{
    "datasets", "List datasets and where they lie ($ZEROSWEEP_DATA, or their usual folder)",
    [](CLI::App&, const Globals& globals) -> CommandBody {
      return [&globals] { return RunDatasets(globals); };
    }};

}  // namespace
}  // namespace zerosweep
