// replay: computes a recorded trial again, from its teacher on, and compares it with its record.
#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/clock.h"
#include "base/log.h"
#include "base/temporary_folder.h"
#include "cli/options/run_options.h"
#include "cli/options/sweep_arguments.h"
#include "cli/output/table.h"
#include "cli/reading.h"
#include "cli/value_kinds.h"
#include "cluster/run/signals.h"
#include "cluster/transport/local_transport.h"
#include "reports/compare/replay_report.h"
#include "sweeps/plan/replay_plan.h"
#include "sweeps/values/catalogue.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;

struct ReplayArguments {
  std::string trial, keep, device;
  SweepArguments places;  // --data, --threads
  double tolerance = 0;   // points of top-1
};

// The replay's home: a new folder in $TMPDIR, which is removed afterwards in any case, or the
// folder of --keep.
class ReplayHome {
 public:
  explicit ReplayHome(const std::string& keep) {
    if (keep.empty()) {
      home_.folder = temporary_.emplace("zerosweep-replay-").path();
      return;
    }
    std::error_code code;
    home_.folder = fs::absolute(keep).lexically_normal();
    if (fs::exists(home_.folder, code) && !fs::is_empty(home_.folder, code))
      Fail(ErrorKind::kUsage, "--keep {}: name a new or empty folder", keep);
  }
  const Home& home() const { return home_; }

 private:
  std::optional<TemporaryFolder> temporary_;
  Home home_;
};

RecordedTrial ReadDoneTrial(const ReplayArguments& arguments, const Globals& globals) {
  const ResultsReader reader = OpenResults(globals);
  RecordedTrial recorded = ReadRecordedTrial(reader, FindTrial(reader, arguments.trial));
  if (recorded.state != State::kDone)
    Fail(ErrorKind::kUsage, "trial {:.12} is {}: only one that is done can be computed again",
         recorded.trial.id, ToString(recorded.state));
  return recorded;
}

ReplayPlan MakePlan(const RecordedTrial& recorded, const ReplayArguments& arguments,
                    const Globals& globals) {
  ProgressDisplay display(DetectDisplay(globals.color, globals.quiet), SystemClock());
  return PlanReplay(recorded, PlanOptionsOf(arguments.places, globals, display),
                    CompiledCatalogue());
}

// A trial that was computed on CPUs is computed on CPUs again, even where there are GPUs.
bool WasOnGpus(const RecordedTrial& recorded) {
  return std::ranges::any_of(recorded.results, [](const RecordedStage& stage) {
    return stage.signature.value("device", std::string()).starts_with("cuda");
  });
}

Outcome Compute(const Plan& plan, const RecordedTrial& recorded, const ReplayArguments& arguments,
                const Globals& globals, const Home& home) {
  RunOptions options;
  options.slots = 1;  // its stages run one after another
  for (const StageRow& stage : plan.stages)
    options.slots = std::max(options.slots, stage.design->needs.ranks);
  options.grace = 0;  // it is never resumed
  options.device = WasOnGpus(recorded) ? arguments.device : "cpu";
  LocalTransport transport;
  return RunSweep(plan, transport, MakeSession(options, globals, home, plan), SystemClock());
}

void Print(const RecordedTrial& recorded, const ReplayReport& report, const Globals& globals) {
  if (globals.format == "json") {
    PrintObject(ReplayJson(report));
    return;
  }
  const std::string sentences = WithoutControls(ReplaySentences(report));
  if (globals.format == "csv") {
    PrintTable(ReplayTable(report), globals);
    spdlog::info("{}", sentences);
    return;
  }
  const Configuration& trial = *recorded.trial.configuration;
  fmt::print("trial {}: {} {} {}, seed {}\n\n", report.trial, trial.model, trial.method, trial.bits,
             recorded.trial.seeds.synthesis);
  PrintTable(ReplayTable(report), globals);
  fmt::print("\n{}", sentences);
}

int RunReplay(const ReplayArguments& arguments, const Globals& globals) {
  const DrainSignals signals;  // removes the temporary home also after a signal
  const RecordedTrial recorded = ReadDoneTrial(arguments, globals);
  ReplayPlan replay = MakePlan(recorded, arguments, globals);
  const ReplayHome place(arguments.keep);
  const Outcome outcome = Compute(replay.plan, recorded, arguments, globals, place.home());
  if (outcome.exit_code == kExitInterrupted) {
    spdlog::warn("replay of trial {:.12}: interrupted, without a result", recorded.trial.id);
    return kExitInterrupted;
  }
  const RecordedTrial now =
      ReadRecordedTrial(ResultsReader(place.home()), replay.plan.trials.front().id);
  const ReplayReport report = CompareReplay(recorded, globals.home(), now, place.home(),
                                            std::move(replay.changes), arguments.tolerance);
  Print(recorded, report, globals);
  if (!arguments.keep.empty()) spdlog::info("the home of the replay is {}", arguments.keep);
  const bool same =
      report.verdict == ReplayVerdict::kBitIdentical || report.verdict == ReplayVerdict::kEqual;
  return same ? kExitOk : kExitSomeFailed;
}

void AddReplayArguments(CLI::App& app, ReplayArguments& arguments) {
  app.add_option("trial", arguments.trial, "The first characters of a done trial's id")
      ->type_name(kind::kTrial)
      ->required();
  app.add_option("--tolerance", arguments.tolerance,
                 "Points of top-1 by which it may differ and still count as equal (default: 0)")
      ->type_name(kind::kNumber)
      ->check(CLI::NonNegativeNumber);
  app.add_option("--keep", arguments.keep,
                 "New folder that keeps the home of the replay (default: a temporary one)")
      ->type_name(kind::kFolder);
  app.add_option("--data", arguments.places.data,
                 "Data folder to search first (default: $ZEROSWEEP_DATA)")
      ->type_name(kind::kFolder);
  app.add_option("--threads", arguments.places.threads,
                 "Threads of every stage (default: as recorded)")
      ->type_name(kind::kNumber)
      ->check(CLI::Range(1, 4096));
  app.add_option("--device", arguments.device,
                 "cpu: use no GPU (default: as recorded, where there are any)")
      ->check(CLI::IsMember({"cpu"}));
  app.footer("Example: zerosweep replay 3f9a1c --tolerance 0.1");
}

const RegisterCommand kReplay{"replay",
                              "Compute a done trial again and report whether the results are equal",
                              AddReplayArguments, RunReplay};

}  // namespace
}  // namespace zerosweep
