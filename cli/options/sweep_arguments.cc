#include "cli/options/sweep_arguments.h"

#include "base/clock.h"
#include "base/log.h"
#include "cli/places.h"
#include "cli/stage_program.h"
#include "cli/value_kinds.h"
#include "sweeps/values/catalogue.h"

namespace zerosweep {
namespace {

// `display` outlives the result.
ReadingProgress ShowReading(ProgressDisplay& display) {
  return [&display, start = SystemClock().Monotonic()](const std::filesystem::path& folder,
                                                       double done, double total) {
    display.Update({.running = {{.label = "fingerprint of " + folder.string(),
                                 .done = done / 1e6,
                                 .total = total / 1e6,
                                 .unit = "MB",
                                 .seconds = SystemClock().Monotonic() - start}}});
  };
}

}  // namespace

void AddSweepArguments(CLI::App& app, SweepArguments& arguments) {
  app.add_option("sweep", arguments.file, "The sweep file (YAML); - reads standard input")
      ->type_name(kind::kSweepFile)
      ->required();
  arguments.passed
      .Add(app.add_option("--set", arguments.overrides,
                          "Override a key of the sweep: key=value, repeatable; names and paths may "
                          "be any text")
               ->type_name(kind::kSetting))
      ->take_all()
      ->allow_extra_args(false);
  AddPlaceArguments(app, arguments);
}

void AddPlaceArguments(CLI::App& app, SweepArguments& arguments) {
  arguments.passed.AddPath(
      app.add_option("--data", arguments.data,
                     "Data folder, instead of the sweep's (default: $ZEROSWEEP_DATA)")
          ->type_name(kind::kFolder));
  arguments.passed
      .Add(app.add_option("--threads", arguments.threads,
                          "Threads of every stage (default: as stage kind and profile declare)")
               ->type_name(kind::kNumber))
      ->check(CLI::Range(1, 4096));
}

void AddCheckArgument(CLI::App& app, SweepArguments& arguments) {
  app.add_flag("!--no-check", arguments.check,
               "Do not read the weights and the first and last images now");
}

void RequireKeptSweep(const SweepArguments& arguments, const std::string& who) {
  std::error_code code;
  const bool stream = arguments.file == "-" || arguments.file.starts_with("/dev/") ||
                      arguments.file.starts_with("/proc/") ||
                      std::filesystem::is_fifo(arguments.file, code);
  if (!stream) return;
  Fail(ErrorKind::kUsage, "{}: {} read the sweep themselves, so it must be kept in a file",
       arguments.file, who);
}

PlanOptions PlanOptionsOf(const SweepArguments& arguments, const Globals& globals,
                          ProgressDisplay& display) {
  return {.data = arguments.data.empty() ? DataFolder() : arguments.data,
          .threads = arguments.threads,
          .model_folders = ModelFolders(globals.home()),
          .home = globals.home(),
          .reading = ShowReading(display),
          .inspect = [&globals](const std::filesystem::path& file, const std::string& digest,
                                const std::vector<int64_t>& input_shape) {
            return FactsOfFile(file, digest, input_shape, globals);
          }};
}

Plan ExpandArguments(const SweepArguments& arguments, const Globals& globals,
                     std::optional<YamlNode> root) {
  ProgressDisplay display(DetectDisplay(globals.color, globals.quiet), SystemClock());
  const ExpandOptions options{PlanOptionsOf(arguments, globals, display), arguments.file,
                              arguments.overrides};
  Plan plan = root ? ExpandSweep(std::move(*root), options, CompiledCatalogue())
                   : ExpandSweep(options, CompiledCatalogue());
  if (!arguments.show_warnings) return plan;
  for (const std::string& warning : plan.warnings) spdlog::warn("{}", warning);
  return plan;
}

}  // namespace zerosweep
