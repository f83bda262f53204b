// quantize: one trial without a sweep file, computed in the home as `run` computes it.
#include <algorithm>
#include <memory>

#include "base/clock.h"
#include "base/log.h"
#include "cli/network_export.h"
#include "cli/options/run_options.h"
#include "cli/options/sweep_arguments.h"
#include "cli/output/export_output.h"
#include "cli/output/leaderboard_output.h"
#include "cli/paper_settings.h"
#include "cli/reading.h"
#include "cli/value_kinds.h"
#include "cluster/run/signals.h"
#include "cluster/transport/local_transport.h"
#include "sweeps/plan/single_trial.h"

namespace zerosweep {
namespace {

struct QuantizeArguments {
  SingleTrial trial;
  SweepArguments places;  // --data, --threads
  RunOptions run;
  std::string output;
};

Plan MakePlan(const QuantizeArguments& arguments, const Globals& globals) {
  SweepArguments places = arguments.places;
  places.file = "quantize";  // no file: relative paths start in the current folder
  std::vector<std::string> notes;
  YamlNode tree = TreeOf(arguments.trial, &notes);
  for (const std::string& note : notes) spdlog::warn("{}", note);
  Plan plan = ExpandArguments(places, globals, std::move(tree));
  plan.sweep = NameOfSingle(plan);
  plan.resolved["name"] = plan.sweep;
  plan.source = plan.resolved.dump(1);
  return plan;
}

// What a file of ONNX is made from, unless the user asks for another protocol. Single fields change
// deploy.
QuantizeArguments ForItsOutput(QuantizeArguments arguments) {
  std::vector<std::string>& settings = arguments.trial.settings;
  const bool own = std::ranges::any_of(settings, [](const std::string& setting) {
    return setting.starts_with("protocol=") || setting.starts_with("protocol.preset=");
  });
  if (IsOnnxOutput(arguments.output) && !own)
    settings.insert(settings.begin(), "protocol.preset=deploy");
  return arguments;
}

// Refuses what has no ONNX before it is computed.
void RequireExportable(const Plan& plan, const std::string& output) {
  if (IsOnnxOutput(output) && plan.trials.front().configuration->quantizer == "aquant")
    Fail(ErrorKind::kUsage,
         "{}: AQuant's rounding borders are no grid, and ONNX rounds to the nearest code: take "
         "another method, or FILE.safetensors",
         output);
}

int RunQuantize(const QuantizeArguments& given, const Globals& globals) {
  if (!given.output.empty()) RequireNetworkFile(given.output);
  const QuantizeArguments arguments = ForItsOutput(given);
  const DrainSignals signals;  // a signal while the model is read also ends cleanly
  const Plan plan = MakePlan(arguments, globals);
  RequireExportable(plan, arguments.output);
  LocalTransport transport;
  const SessionOptions session = MakeSession(arguments.run, globals, globals.home(), plan);
  const Outcome outcome = RunSweep(plan, transport, session, SystemClock());
  ReportOutcome(outcome, plan);
  if (outcome.done > 0) {
    const ResultsReader reader = OpenResults(globals);
    const PaperSettings papers = PapersOwn();
    PrintLeaderboard(Leaderboard(reader, papers, plan.sweep), papers, globals);
    const std::string& trial = plan.trials.front().id;
    if (arguments.output.empty()) {
      spdlog::info("`zerosweep export {:.12} -o FILE.onnx` writes the network", trial);
    } else {
      SummariseExport(ExportNetwork(reader, trial, arguments.output, "paper", globals));
    }
  }
  return ExitCodeOf(outcome.exit_code, arguments.run);
}

void AddQuantizeArguments(CLI::App& app, QuantizeArguments& arguments) {
  SingleTrial& trial = arguments.trial;
  app.add_option("model", trial.model,
                 "A shipped model (`zerosweep models`), or a file of trained weights")
      ->type_name(kind::kModel)
      ->required();
  app.add_option("--method", trial.method,
                 "A recipe (`zerosweep recipes`), as zeroq, or as a sweep writes it: '{recipe: "
                 "genie, variant: paper}'")
      ->type_name(kind::kRecipe)
      ->required();
  app.add_option("--bits", trial.bits, "As w4a4, or '{w: mp4, a: 8}'")
      ->type_name(kind::kBits)
      ->required();
  app.add_option("--seed", trial.seed, "Seed of all its random numbers")
      ->type_name(kind::kNumber)
      ->check(CLI::NonNegativeNumber);
  app.add_option("--profile", trial.profile,
                 "Named iteration budgets: paper, fast or smoke (default: paper)")
      ->type_name(kind::kProfile);
  app.add_option("--arch", trial.arch, "Architecture of a file that has no card")
      ->type_name(kind::kArch);
  app.add_option("--dataset", trial.dataset, "Dataset of a file that has no card")
      ->type_name(kind::kDataset);
  app.add_option("--key", trial.key,
                 "Which of several state dicts of a file, as ema (default: the one that fits)");
  app.add_option("--set", trial.settings,
                 "A parameter of the method, as synthesize.images=64, or another key of a trial, "
                 "as evaluate.limit=1000; repeatable")
      ->type_name(kind::kSetting)
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("-o,--output", arguments.output,
                 "FILE.onnx, by default with protocol deploy, or FILE.safetensors (FILE.json goes "
                 "next to it) for the quantized network")
      ->type_name(kind::kFile);
  AddPlaceArguments(app, arguments.places);
  AddRunOptions(app, arguments.run);
  app.footer(
      "Example: zerosweep quantize fashion_mnist-resnet20 --method zeroq --bits w4a4 --profile "
      "fast -o resnet20-w4a4.onnx");
}

const RegisterCommand kQuantize{"quantize", "Quantize one model without a sweep file",
                                AddQuantizeArguments, RunQuantize};

}  // namespace
}  // namespace zerosweep
