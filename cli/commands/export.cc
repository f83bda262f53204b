// export: a sweep as a bundle for another home, or a trial's quantized network.
#include <filesystem>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/deploy/network_export.h"
#include "cli/home_action.h"
#include "cli/output/export_output.h"
#include "cli/reading.h"
#include "cli/value_kinds.h"
#include "cluster/coordinator/progress_display.h"
#include "cluster/run/signals.h"
#include "storage/bundles/bundle.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

struct ExportOptions {
  std::string trial, bundle, output, form;
  bool full_precision = false;
  NetworkFile file;
};

int RunBundle(const ExportOptions& options, const Globals& globals) {
  const std::string sweep = SweepName(options.bundle);
  const double start = SystemClock().Monotonic();
  {
    ProgressDisplay display(DetectDisplay(globals.color, globals.quiet), SystemClock());
    ExportBundle(globals.home(), sweep, options.output, [&](int64_t done, int64_t total) {
      if (!display.Due()) return;
      display.Update({.running = {{.label = "export " + sweep,
                                   .done = static_cast<double>(done) / 1e6,
                                   .total = static_cast<double>(total) / 1e6,
                                   .unit = "MB",
                                   .seconds = SystemClock().Monotonic() - start}}});
    });
  }
  spdlog::info("wrote {} ({}): `zerosweep import` merges it into another home", options.output,
               HumanBytes(static_cast<double>(fs::file_size(options.output))));
  return kExitOk;
}

// The trial's teacher, to compare with.
int RunFullPrecision(const ExportOptions& options, const Globals& globals) {
  const std::string option = options.form.empty() ? OptionOfExported(options.file) : "--form";
  if (!IsOnnxOutput(options.output) || !option.empty())
    Fail(ErrorKind::kUsage, "--full-precision is for FILE.onnx{}",
         option.empty() ? "" : ", without " + option);
  ExportTeacher(FindTrial(OpenResults(globals), options.trial), options.output, globals);
  spdlog::info("wrote {}, {}, in full precision", options.output,
               HumanBytes(static_cast<double>(fs::file_size(options.output))));
  return kExitOk;
}

int RunNetwork(const ExportOptions& options, const Globals& globals) {
  const DrainSignals signals;
  RequireNetworkFile(options.output);
  if (options.full_precision) return RunFullPrecision(options, globals);
  if (IsOnnxOutput(options.output) && options.form == "paper")
    Fail(ErrorKind::kUsage, "{}: ONNX has the exported form: --form paper is for FILE.safetensors",
         options.output);
  NetworkFile file = options.file;
  file.path = options.output;
  if (!options.form.empty()) file.form = options.form;
  const std::string trial = FindTrial(OpenResults(globals), options.trial);
  const WrittenNetwork written = ExportNetwork(trial, file, globals);
  PrintExport(written, globals);
  return written.written ? kExitOk : kExitSomeFailed;
}

int RunExport(const ExportOptions& options, const Globals& globals) {
  if (options.trial.empty() == options.bundle.empty())
    Fail(ErrorKind::kUsage, "export: give a trial, or a sweep with --bundle");
  const std::string option = !options.form.empty()    ? "--form"
                             : options.full_precision ? "--full-precision"
                                                      : OptionOfExported(options.file);
  if (!options.bundle.empty() && !option.empty())
    Fail(ErrorKind::kUsage, "{} is of a trial's network, not of a bundle", option);
  return options.bundle.empty() ? RunNetwork(options, globals) : RunBundle(options, globals);
}

const RegisterCommand kExport{
    "export", "Write a trial's quantized network, or a sweep as a bundle for another home",
    [](CLI::App& app, ExportOptions& options) {
      app.add_option("trial", options.trial, "The first characters of a trial's name")
          ->type_name(kind::kTrial);
      app.add_option("--bundle", options.bundle,
                     "A sweep, by its name or file: rows and artifacts in one file")
          ->type_name(kind::kSweep);
      app.add_option(
             "-o,--output", options.output,
             "FILE.onnx or FILE.safetensors (FILE.json goes next to it) of a trial; any name of a "
             "bundle")
          ->type_name(kind::kFile)
          ->required();
      app.add_option("--form", options.form,
                     "Of .safetensors. paper (default): as papers simulate it; exported: as "
                     "FILE.onnx says it")
          ->type_name(kind::kText)
          ->check(CLI::IsMember({"paper", "exported"}));
      app.add_flag("--full-precision", options.full_precision,
                   "Write the trial's network before it was quantized, as FILE.onnx");
      AddExportOptions(app, options.file);
      AddPlaceArguments(app, options.file.places);
      app.add_option("--device", options.file.run.device,
                     "cpu: evaluate on no GPU (default: the GPUs that work, otherwise the CPU)")
          ->check(CLI::IsMember({"cpu"}));
      app.add_flag("--break-lock", options.file.run.break_lock,
                   "Take over a home whose owner has been silent for a minute");
    },
    RunExport};

}  // namespace
}  // namespace zerosweep
