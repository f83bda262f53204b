// export: a sweep as a bundle for another home, or a trial's quantized network.
#include <filesystem>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/home_action.h"
#include "cli/reading.h"
#include "cluster/progress_display.h"
#include "storage/artifact_store.h"
#include "storage/bundle.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

struct Options {
  std::string trial, bundle, output;
};

int RunBundle(const Options& options, const Globals& globals) {
  const std::string sweep = SweepName(options.bundle);
  const double start = SystemClock().Monotonic();
  {
    ProgressDisplay display(DetectDisplay(globals.color, globals.quiet), SystemClock());
    ExportBundle(globals.home(), sweep, options.output, [&](int64_t done, int64_t total) {
      if (!display.Due()) return;
      RunSnapshot snapshot;
      snapshot.active = {{"export " + sweep, static_cast<double>(done) / 1e6,
                          static_cast<double>(total) / 1e6, "MB", "",
                          SystemClock().Monotonic() - start}};
      display.Update(snapshot);
    });
  }
  spdlog::info("wrote {} ({}): `zerosweep import` merges it into another home", options.output,
               HumanBytes(static_cast<double>(fs::file_size(options.output))));
  return kExitOk;
}

// The quantized network of a done trial: its folder in the artifact store.
fs::path NetworkOf(const std::string& trial, const Globals& globals) {
  const ResultsReader reader = OpenResults(globals);
  const Table found = reader.Query(
      "SELECT DISTINCT t.trial, t.state, g.artifact FROM v_trial t JOIN v_trial_stage x ON x.trial "
      "= t.trial AND x.kind = 'quantize' JOIN v_stage g ON g.stage = x.stage WHERE "
      "substr(t.trial, 1, ?1) = ?2",
      {trial.size(), trial});
  if (found.rows.size() != 1) {
    Fail(ErrorKind::kUsage,
         "{} begins '{}': `zerosweep query 'SELECT trial, method, seed, state "
         "FROM v_trial'` lists them",
         found.rows.empty() ? "no trial" : "more than one trial", trial);
  }
  if (found.rows[0][2].is_null())
    Fail(ErrorKind::kUsage, "trial {:.12} has no network yet: it is {}", trial,
         found.rows[0][1].get<std::string>());
  const std::string digest = found.rows[0][2];
  const auto folder = ArtifactStore(reader.home()).Find(digest);
  const std::string defect = folder ? DefectOf(*folder, digest) : "its folder is missing";
  if (!defect.empty())
    Fail(ErrorKind::kStorage, "artifact {}: {}; `zerosweep fsck` says more", digest, defect);
  return *folder;
}

int RunNetwork(const Options& options, const Globals& globals) {
  const fs::path output = options.output;
  if (output.extension() != ".safetensors")
    Fail(ErrorKind::kUsage, "{} must end in .safetensors", options.output);
  const fs::path folder = NetworkOf(options.trial, globals);
  fs::path card = output;
  card.replace_extension(".json");
  WriteFileAtomically(output, ReadFile(folder / "quantized.safetensors"));
  WriteFileAtomically(card, ReadFile(folder / "quantized.json"));
  spdlog::info("wrote {} and {} (docs/formats.md)", output.string(), card.string());
  return kExitOk;
}

int RunExport(const Options& options, const Globals& globals) {
  if (options.trial.empty() == options.bundle.empty())
    Fail(ErrorKind::kUsage, "export: give a trial, or a sweep with --bundle");
  return options.bundle.empty() ? RunNetwork(options, globals) : RunBundle(options, globals);
}

const RegisterCommand kExport{
    "export", "Write a trial's quantized network, or a sweep as a bundle for another home",
    [](CLI::App& app, const Globals& globals) -> CommandBody {
      auto options = std::make_shared<Options>();
      app.add_option("trial", options->trial, "The first characters of a trial's name");
      app.add_option("--bundle", options->bundle,
                     "A sweep, by its name or file: rows and artifacts in one file");
      app.add_option("-o,--output", options->output,
                     "FILE.safetensors of a trial (FILE.json goes beside it); any name of a bundle")
          ->required();
      return [options, &globals] { return RunExport(*options, globals); };
    }};

}  // namespace
}  // namespace zerosweep
