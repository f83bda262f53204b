#include "cli/sweep_arguments.h"

#include <cstdlib>

#include "base/files.h"
#include "base/log.h"
#include "sweeps/catalogue.h"

namespace zerosweep {
namespace {

// An installed program has its models under share/, one in its build folder in the source tree.
std::vector<std::filesystem::path> ShippedModels() {
  const std::filesystem::path bin = ProgramFolder();
  return {bin.parent_path() / "share" / "zerosweep" / "models",
          bin.parent_path().parent_path() / "models"};
}

}  // namespace

void AddSweepArguments(CLI::App& app, SweepArguments& arguments) {
  app.add_option("sweep", arguments.file, "The sweep file (YAML)")->required();
  app.add_option("--set", arguments.overrides, "Override a key of the sweep: key=value, repeatable")
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--data", arguments.data,
                 "Data folder over the sweep's own (default: $ZEROSWEEP_DATA)");
  app.add_option("--threads", arguments.threads,
                 "Threads of every stage (default: as stage kind and profile declare)")
      ->check(CLI::Range(1, 4096));
}

Plan ExpandArguments(const SweepArguments& arguments, const Globals& globals) {
  ExpandOptions options;
  options.file = arguments.file;
  options.overrides = arguments.overrides;
  options.data = arguments.data;
  if (const char* data = std::getenv("ZEROSWEEP_DATA"); data != nullptr && options.data.empty())
    options.data = data;
  options.threads = arguments.threads;
  options.model_folders = ShippedModels();
  options.home = globals.home();
  Plan plan = ExpandSweep(options, CompiledCatalogue());
  for (const std::string& warning : plan.warnings) spdlog::warn("{}", warning);
  return plan;
}

}  // namespace zerosweep
