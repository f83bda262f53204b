// train: trains one teacher with the stage program, without a sweep or a database.
#include <memory>

#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/options/run_options.h"
#include "cli/places.h"
#include "cli/value_kinds.h"
#include "cluster/coordinator/progress_display.h"
#include "cluster/run/signals.h"
#include "cluster/worker/node.h"
#include "sweeps/grammar/overrides.h"
#include "sweeps/values/catalogue.h"
#include "sweeps/values/data_files.h"
#include "sweeps/values/parameters.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;

struct TrainArguments {
  std::string arch, dataset, data, output;
  std::vector<std::string> settings;
  int64_t seed = 0;
  int epochs = 0;
  int threads = 0;
  std::string device = "cpu";
};

// A temporary folder next to the output, removed afterwards in any case.
class WorkFolder {
 public:
  explicit WorkFolder(const fs::path& output)
      : home_{fs::absolute(output).parent_path() / (".zerosweep-train-" + NewUuid())} {
    home_.Create();
  }
  ~WorkFolder() {
    std::error_code ignored;
    fs::remove_all(home_.folder, ignored);
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  const Home& home() const { return home_; }

 private:
  Home home_;
};

// The given parameters of the kind; the stage fills in the declared defaults of the others.
Json TrainParams(const TrainArguments& arguments, const Catalogue& catalogue) {
  YamlNode given{.kind = YamlNode::Kind::kMap};
  if (arguments.epochs > 0) ApplyOverride(fmt::format("epochs={}", arguments.epochs), given);
  for (const std::string& setting : arguments.settings) {
    if (const auto note = ApplyOverride(setting, given)) spdlog::warn("{}", *note);
  }
  Json params = CheckedBlock(ParamsOf({&catalogue.Kind("train")}), given, "train");
  params["name"] = fs::path(arguments.output).stem().string();
  params["arch"] = arguments.arch;
  params["dataset"] = arguments.dataset;
  params["seed"] = arguments.seed;
  return params;
}

StageRun MakeRun(const TrainArguments& arguments, const Home& home) {
  const Catalogue& catalogue = CompiledCatalogue();
  catalogue.Get(Role::kModel, arguments.arch, "--arch");
  const Declaration& dataset = catalogue.Get(Role::kDataset, arguments.dataset, "--dataset");
  const std::string folder = arguments.data.empty() ? DataFolder() : arguments.data;
  DataRoots roots;
  if (!folder.empty()) {
    roots.push_back(fs::absolute(WithHomeFolder(folder)));
    RequireUtf8Path(roots.back(), "the data folder");
  }
  const auto place = LocateDataset(dataset, roots);
  if (!place || !place->splits.contains("train")) {
    Fail(ErrorKind::kUsage,
         "the training split of {} was not found{}; `zerosweep datasets` shows the folders that "
         "are searched, --data names its folder",
         arguments.dataset, folder.empty() ? "" : " in " + folder);
  }
  StageRun run;
  run.attempt = NewUuid();
  run.stage.kind = "train";
  run.stage.revision = catalogue.Kind("train").revision;
  run.stage.params = TrainParams(arguments, catalogue);
  run.stage.name = run.stage.ComputeName();
  run.files["data"] = place->folder.string();
  run.staging = home.staging(run.attempt).string();
  run.device = arguments.device;
  run.threads = arguments.threads > 0 ? arguments.threads : UsableCores();
  return run;
}

// Waits for the end of the attempt. Returns nullopt when a signal asked to stop. Throws what the
// stage reports.
std::optional<StageDone> Follow(Supervisor& supervisor, const std::string& label,
                                ProgressDisplay& display, const DrainSignals& signals) {
  const Clock& clock = SystemClock();
  const double start = clock.Monotonic();
  RunSnapshot snapshot;
  snapshot.running.resize(1);
  ActiveStage& stage = snapshot.running.front();
  stage.label = label;
  while (!signals.Requested()) {
    for (const StageEvent& event : supervisor.Poll()) {
      if (const auto* progress = std::get_if<StageProgress>(&event.message)) {
        stage.done = progress->done;
        stage.total = progress->total;
        stage.unit = progress->unit;
        stage.note = progress->note;
      } else if (const auto* done = std::get_if<StageDone>(&event.message)) {
        return *done;
      } else {
        const auto& failed = std::get<StageFailed>(event.message);
        // An error that the stage reports is complete; only the last lines may show how a process
        // died.
        const bool died = failed.failure == Failure::kCrash || failed.failure == Failure::kTimeout;
        if (died && !event.log_tail.empty()) display.Line(event.log_tail, /*problem=*/true);
        Fail(failed.kind, "{}: {}", label, failed.message);
      }
    }
    stage.seconds = clock.Monotonic() - start;
    display.Update(snapshot);
    clock.Sleep(0.01);
  }
  supervisor.Cancel();
  return std::nullopt;
}

// Writes the weights first: a card never names weights that do not exist.
void Deliver(const fs::path& staging, const fs::path& output) {
  WriteFileAtomically(output, ReadFile(staging / "model.safetensors"), kUsualMode);
  WriteFileAtomically(fs::path(output).replace_extension(".json"), ReadFile(staging / "card.json"),
                      kUsualMode);
}

int RunTrain(const TrainArguments& arguments, const Globals& globals) {
  const fs::path output = fs::absolute(WithHomeFolder(arguments.output));
  RequireUtf8Path(output, "the output");
  if (output.extension() != ".safetensors")
    Fail(ErrorKind::kUsage, "-o {}: name a .safetensors file; its card goes next to it",
         arguments.output);
  WarnIfElsewhere();
  const DrainSignals signals;  // removes the work folder also after a signal
  const WorkFolder work(output);
  const StageRun run = MakeRun(arguments, work.home());
  const std::string label = fmt::format("train {} on {}", arguments.arch, arguments.dataset);
  std::optional<StageDone> done;
  {
    ProgressDisplay display(DetectDisplay(globals.color, globals.quiet), SystemClock());
    Supervisor supervisor(MakeSupervisorOptions(work.home()), "train", SystemClock());
    supervisor.Start(run);
    done = Follow(supervisor, label, display, signals);
  }
  if (!done) {
    spdlog::warn("{}: interrupted, nothing was written", label);
    return kExitInterrupted;
  }
  Deliver(run.staging, output);
  const auto top1 = done->metrics.find("top1");
  spdlog::info("{}: {} in {}; wrote {} and its card", label,
               top1 == done->metrics.end() ? "done" : fmt::format("top-1 {:.2f} %", top1->second),
               HumanSeconds(done->seconds), output.string());
  return kExitOk;
}

void AddTrainArguments(CLI::App& app, TrainArguments& arguments) {
  app.add_option("--arch", arguments.arch, "Architecture (see `zerosweep models`)")
      ->type_name(kind::kArch)
      ->required();
  app.add_option("--dataset", arguments.dataset, "Dataset (see `zerosweep datasets`)")
      ->type_name(kind::kDataset)
      ->required();
  app.add_option("-o,--output", arguments.output,
                 "The .safetensors file to write; the model card goes next to it as .json")
      ->type_name(kind::kFile)
      ->required();
  app.add_option("--data", arguments.data, "Data folder (default: $ZEROSWEEP_DATA)")
      ->type_name(kind::kFolder);
  app.add_option("--epochs", arguments.epochs, "Passes over the training images")
      ->type_name(kind::kNumber)
      ->check(CLI::Range(1, 100000));
  app.add_option("--seed", arguments.seed, "Seed of all its random numbers")
      ->type_name(kind::kNumber)
      ->check(CLI::NonNegativeNumber);
  app.add_option("--threads", arguments.threads, "Threads (default: every core)")
      ->type_name(kind::kNumber)
      ->check(CLI::Range(1, 4096));
  app.add_option("--device", arguments.device, "cpu, or a GPU such as cuda:0")
      ->type_name(kind::kDevice);
  app.add_option("--set", arguments.settings, "Another parameter of the recipe: key=value")
      ->type_name(kind::kSetting)
      ->take_all()
      ->allow_extra_args(false);
}

const RegisterCommand kTrain{"train", "Train a teacher on real images", AddTrainArguments,
                             RunTrain};

}  // namespace
}  // namespace zerosweep
