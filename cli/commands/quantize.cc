// quantize: one trial without a sweep file, computed in the home as `run` computes it.
#include <algorithm>
#include <memory>

#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "cli/deploy/network_balance.h"
#include "cli/deploy/network_export.h"
#include "cli/input_checks.h"
#include "cli/options/network_options.h"
#include "cli/options/run_options.h"
#include "cli/options/sweep_arguments.h"
#include "cli/output/export_output.h"
#include "cli/output/leaderboard_output.h"
#include "cli/output/plan_output.h"
#include "cli/paper_settings.h"
#include "cli/reading.h"
#include "cli/value_kinds.h"
#include "cluster/run/signals.h"
#include "cluster/transport/local_transport.h"
#include "sweeps/grammar/overrides.h"
#include "sweeps/plan/single_trial.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;

struct QuantizeArguments {
  SingleTrial trial;
  SweepArguments places;  // --data, --threads
  RunOptions run;
  NetworkFile file;
  std::string input_shape, save_config;
  bool dry_run = false;
};

YamlNode MakeSweep(const QuantizeArguments& arguments) {
  std::vector<std::string> notes;
  YamlNode tree = TreeOf(arguments.trial, &notes);
  for (const std::string& note : notes) spdlog::warn("{}", note);
  return tree;
}

Plan MakePlan(const QuantizeArguments& arguments, YamlNode tree, const Globals& globals) {
  SweepArguments places = arguments.places;
  places.file = "quantize";  // no file: relative paths start in the current folder
  Plan plan = ExpandArguments(places, globals, std::move(tree));
  plan.sweep = NameOfSingle(plan);
  plan.resolved["name"] = plan.sweep;
  plan.source = plan.resolved.dump(1);
  return plan;
}

// Writes the sweep of this trial, for `zerosweep run`.
void SaveConfig(const QuantizeArguments& arguments, YamlNode tree, const Plan& plan) {
  tree.Find("name")->text = plan.sweep;
  if (!arguments.places.data.empty()) {
    const fs::path data = fs::absolute(arguments.places.data).lexically_normal();
    tree.members.push_back({"data", "--data", WordNode(data.string(), "--data")});
  }
  const std::string& file = arguments.save_config;
  WriteFileAtomically(file, ToYaml(tree), kUsualMode);
  spdlog::info("wrote {}: `zerosweep run {}` computes the same", file, file);
}

// What a file of ONNX is made from, unless the user asks for another protocol. Single fields change
// deploy.
QuantizeArguments ForItsOutput(QuantizeArguments arguments) {
  arguments.trial.input_shape = ShapeOf(arguments.input_shape);
  arguments.file.places = arguments.places;
  arguments.file.run = arguments.run;
  std::vector<std::string>& settings = arguments.trial.settings;
  const bool own = std::ranges::any_of(settings, [](const std::string& setting) {
    return setting.starts_with("protocol=") || setting.starts_with("protocol.preset=");
  });
  if (IsOnnxOutput(arguments.file.path) && !own)
    settings.insert(settings.begin(), "protocol.preset=deploy");
  return arguments;
}

// Refuses what has no ONNX before it is computed.
void RequireExportable(const Plan& plan, const fs::path& output) {
  if (IsOnnxOutput(output) && plan.trials.front().configuration->quantizer == "aquant")
    Fail(ErrorKind::kUsage,
         "{}: AQuant's rounding borders are no grid, and ONNX rounds to the nearest code: take "
         "another method, or FILE.safetensors",
         output.string());
}

void RequireSensible(const QuantizeArguments& arguments) {
  const fs::path &output = arguments.file.path, config = arguments.save_config;
  if (!output.empty()) RequireNetworkFile(output);
  const std::string option = OptionOfExported(arguments.file);
  if (!option.empty() && !IsOnnxOutput(output))
    Fail(ErrorKind::kUsage, "{} goes with -o FILE.onnx", option);
  if (!config.empty()) {
    if (config.extension() != ".yaml" && config.extension() != ".yml")
      Fail(ErrorKind::kUsage, "--save-config {}: a sweep ends in .yaml", config.string());
    RequireWritable(config);
  }
  std::error_code code;
  if (!output.empty() && fs::equivalent(output, arguments.trial.model, code))
    Fail(ErrorKind::kUsage, "-o {} is the network itself: choose another name", output.string());
}

// Writes the network and says what it cost and gained. Returns whether it is written.
bool Conclude(const std::string& trial, const NetworkFile& file, const Globals& globals) {
  const WrittenNetwork written = ExportNetwork(trial, file, globals);
  SummariseExport(written);
  if (written.written && IsOnnxOutput(file.path))
    spdlog::info("{}", Balance(trial, file.path, written, globals));
  return written.written;
}

int RunQuantize(const QuantizeArguments& given, const Globals& globals) {
  RequireSensible(given);
  const QuantizeArguments arguments = ForItsOutput(given);
  const DrainSignals signals;  // a signal while the model is read also ends cleanly
  const YamlNode sweep = MakeSweep(arguments);
  const Plan plan = MakePlan(arguments, sweep, globals);
  RequireExportable(plan, arguments.file.path);
  if (arguments.dry_run) CheckInputs(plan, globals);
  if (!arguments.save_config.empty()) SaveConfig(arguments, sweep, plan);
  if (arguments.dry_run) {
    PrintPlan(plan, globals);
    return kExitOk;
  }
  LocalTransport transport;
  const SessionOptions session = MakeSession(arguments.run, globals, globals.home(), plan);
  const Outcome outcome = RunSweep(plan, transport, session, SystemClock());
  ReportOutcome(outcome, plan);
  if (outcome.done > 0) {
    const PaperSettings papers = PapersOwn();
    PrintLeaderboard(Leaderboard(OpenResults(globals), papers, plan.sweep), papers, globals);
    const std::string& trial = plan.trials.front().id;
    if (arguments.file.path.empty()) {
      spdlog::info("`zerosweep export {:.12} -o FILE.onnx` writes the network", trial);
    } else if (!Conclude(trial, arguments.file, globals)) {
      return kExitSomeFailed;
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
  AddInputShape(app, arguments.input_shape);
  AddNormalisation(app, trial.mean, trial.std);
  app.add_option("--images", trial.images, "How many images to synthesize (default: the method's)")
      ->type_name(kind::kNumber)
      ->check(CLI::PositiveNumber);
  app.add_option("--exclude", trial.exclude,
                 "Regular expression (grep -E): convolutions and linear layers with such names "
                 "stay in full precision")
      ->type_name(kind::kText);
  app.add_option("--set", trial.settings,
                 "A parameter of the method, as synthesize.images=64, or another key of a trial, "
                 "as evaluate.limit=1000; repeatable")
      ->type_name(kind::kSetting)
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("-o,--output", arguments.file.path,
                 "FILE.onnx, by default with protocol deploy, or FILE.safetensors (FILE.json goes "
                 "next to it) for the quantized network")
      ->type_name(kind::kFile);
  AddExportOptions(app, arguments.file);
  app.add_option("--save-config", arguments.save_config,
                 "Write this trial as a sweep, for `zerosweep run`")
      ->type_name(kind::kFile);
  app.add_flag("--dry-run", arguments.dry_run, "Show what would be computed, and stop");
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
