// import: merges a bundle into the home, or keeps a network of the user as a model of the home.
#include <cmath>
#include <filesystem>
#include <optional>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/temporary_folder.h"
#include "base/text.h"
#include "cli/home_action.h"
#include "cli/import_check.h"
#include "cli/network_report.h"
#include "cli/options/network_options.h"
#include "cli/places.h"
#include "cli/stage_program.h"
#include "cli/value_kinds.h"
#include "cluster/run/signals.h"
#include "contract/output_kind.h"
#include "contract/weight_files.h"
#include "sweeps/values/model_files.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;

struct ImportOptions {
  std::string file, name, dataset, input_shape, output;
  std::vector<double> mean, std;
  double top1 = -1;
  int64_t classes = 0;
  bool check = true;
};

void ImportBundleFile(const fs::path& file, const Globals& globals) {
  const std::string bundle = fs::absolute(file).string();
  const Json counts =
      ActOnHome(globals.home(), {{"command", "import"}, {"bundle", bundle}}, /*may_be_new=*/true);
  spdlog::info("{}: {} trials, {} of them new; took {} results and {} artifacts that were not here",
               counts.at("sweep").get<std::string>(), counts.at("trials").get<int>(),
               counts.at("trials_new").get<int>(), counts.at("stages_taken").get<int>(),
               counts.at("artifacts_new").get<int>());
}

// A name that a sweep can write as a word and that is one file name.
void RequireModelName(const std::string& name) {
  const bool plain = !name.empty() && name.size() <= 100 && name.front() != '.' &&
                     name.front() != '-' && std::ranges::all_of(name, [](unsigned char c) {
                       return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
                     });
  if (!plain)
    Fail(ErrorKind::kUsage,
         "--name is '{}', must be a word of letters, digits, points, hyphens and underscores",
         ShownBytes(name));
}

void RequireNormalisation(const ImportOptions& options, size_t channels) {
  for (const auto& [option, numbers] :
       {std::pair("--mean", &options.mean), {"--std", &options.std}})
    if (numbers->size() != channels)
      Fail(ErrorKind::kUsage,
           "{}: give {} one number for each of its {} channels (of values from 0 to 1), as the "
           "network was trained with; it has {}",
           options.file, option, channels, numbers->size());
  const auto finite = [](double number) { return std::isfinite(number); };
  if (!std::ranges::all_of(options.mean, finite) || !std::ranges::all_of(options.std, finite) ||
      std::ranges::any_of(options.std, [](double number) { return number <= 0; }))
    Fail(ErrorKind::kUsage, "--mean and --std must be numbers, and --std positive");
}

// What its output is: as given, otherwise as its shape suggests, which the user is told.
std::string OutputOf(const ImportOptions& options, const Json& report) {
  if (!options.output.empty()) return options.output;
  const Json& outputs = report.at("outputs");
  const OutputKind kind = outputs.size() > 1                      ? OutputKind::kEmbedding
                          : outputs.at(0).at("shape").size() == 3 ? OutputKind::kDense
                                                                  : OutputKind::kClasses;
  if (kind != OutputKind::kClasses)
    spdlog::warn("its output is taken for {}, by its shape; --output says it otherwise",
                 ToString(kind));
  return ToString(kind);
}

// Refuses what no sweep could run.
void RequireDataset(const ImportOptions& options, const ModelFacts& facts,
                    const std::string& output) {
  const Declaration& dataset =
      CompiledCatalogue().Get(Role::kDataset, options.dataset, "--dataset");
  const DatasetFacts& data = dataset.dataset();
  if (options.classes > 0 && options.classes != facts.classes)
    Fail(ErrorKind::kUsage, "--classes is {}, but {} has {} outputs", options.classes, options.file,
         facts.classes);
  if (!data.in_image_files() && data.shape != facts.input_shape)
    Fail(ErrorKind::kUsage, "{} takes images of {}, those of dataset {} are {}: give --dataset",
         options.file, Json(facts.input_shape).dump(), dataset.name, Json(data.shape).dump());
  if (output == ToString(OutputKind::kClasses) && data.classes > 0 && data.classes != facts.classes)
    Fail(ErrorKind::kUsage,
         "{} has {} outputs, dataset {} has {} classes: give --dataset or --output", options.file,
         facts.classes, dataset.name, data.classes);
}

Json CardOf(const ImportOptions& options, const std::string& name, const Json& report) {
  const ModelFacts facts = ModelFactsFromJson(report.at("facts"));
  RequireNormalisation(options, static_cast<size_t>(facts.input_shape[0]));
  const std::string output = OutputOf(options, report);
  RequireDataset(options, facts, output);
  const fs::path file = options.file;
  Json card = {{"name", name},
               {"arch", kImportedArch},
               {"dataset", options.dataset},
               {"input_shape", facts.input_shape},
               {"mean", options.mean},
               {"std", options.std},
               {"classes", facts.classes},
               {"weights_file", name + "/" + file.filename().string()},
               {"weights_sha256", WeightsDigest(file, Sha256File)}};
  if (output != ToString(OutputKind::kClasses)) card["output"] = output;
  if (options.top1 >= 0) card["top1"] = options.top1;
  return card;
}

// Copies the network, and the files next to it that hold its tensors, into a folder of its own;
// then writes the card, which never names a network that is not there.
void Keep(const fs::path& file, const Json& card, const fs::path& folder) {
  const std::string name = card.at("name");
  const std::vector<fs::path> files = WeightFiles(file);
  for (size_t i = 1; i < files.size(); ++i)
    if (files[i].filename() == file.filename())
      Fail(ErrorKind::kUsage, "{} keeps tensors in a file of its own name", file.string());
  const fs::path coming = folder / ("." + name + "-" + NewUuid());
  MakePrivateFolder(coming);
  try {
    for (const fs::path& part : files) WriteFileDurably(coming / part.filename(), ReadFile(part));
    fs::remove_all(folder / name);
    if (!RenameNoReplace(coming, folder / name))
      Fail(ErrorKind::kStorage, "{} cannot be replaced", (folder / name).string());
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(coming, ignored);
    throw;
  }
  WriteFileAtomically(folder / (name + ".json"), card.dump(1) + "\n");
}

// Refuses the name of another model.
void RequireFreeName(const std::string& name, const Json& card, const Globals& globals) {
  const fs::path own = globals.home().models() / (name + ".json");
  if (IsFile(own)) {
    const Json known = Json::parse(ReadFile(own), nullptr, /*allow_exceptions=*/false);
    if (known != card)
      Fail(ErrorKind::kUsage,
           "the home has another model named {} ({}): choose a name with --name, or remove it",
           name, own.string());
    return;
  }
  for (const Json& shipped : ShippedCards(ModelFolders(globals.home())))
    if (shipped.at("name") == name)
      Fail(ErrorKind::kUsage, "a shipped model is named {}: choose another name with --name", name);
}

void ImportNetwork(const ImportOptions& options, const Globals& globals) {
  const fs::path file = options.file;
  const std::string name = options.name.empty() ? file.stem().string() : options.name;
  RequireModelName(name);
  CompiledCatalogue().Get(Role::kDataset, options.dataset, "--dataset");
  const DrainSignals signals;  // so that the folder goes in any case
  std::optional<TemporaryFolder> probe;
  if (options.check) probe.emplace("zerosweep-import-");
  const Json report =
      InspectFile(file, ShapeOf(options.input_shape), globals, probe ? probe->path() : fs::path());
  const Json card = CardOf(options, name, report);
  RequireFreeName(name, card, globals);
  if (probe) spdlog::info("{}", CheckAgainstFile(file, probe->path(), globals));
  if (signals.Requested()) FailTrial(Failure::kInterrupted, "interrupted: {} is not kept", name);
  const Home home = globals.home();
  home.Create();
  Keep(file, card, home.models());
  for (const std::string& line : LinesAbout(report, CompiledCatalogue())) spdlog::info("{}", line);
  spdlog::info("sweeps and `zerosweep quantize` can now name it: {}", name);
}

int RunImport(const ImportOptions& options, const Globals& globals) {
  if (IsNetworkFile(options.file)) {
    ImportNetwork(options, globals);
    return kExitOk;
  }
  if (!options.name.empty() || !options.output.empty() || options.classes > 0 ||
      !options.input_shape.empty() || !options.mean.empty() || !options.std.empty() ||
      options.top1 >= 0)
    RequireNetwork(options.file);
  ImportBundleFile(options.file, globals);
  return kExitOk;
}

const RegisterCommand kImport{
    "import",
    "Keep a network (.onnx, .pt2) as a model of the home, or merge a bundle (`zerosweep export "
    "--bundle`) into it",
    [](CLI::App& app, ImportOptions& options) {
      app.add_option("file", options.file, "The network, or the bundle")
          ->type_name(kind::kFile)
          ->required()
          ->check(CLI::ExistingFile);
      app.add_option("--name", options.name,
                     "The network's name in sweeps (default: the file's, without its ending)")
          ->type_name(kind::kText);
      app.add_option("--dataset", options.dataset, "What it was trained on (`zerosweep datasets`)")
          ->type_name(kind::kDataset)
          ->default_val("image_folder");
      AddInputShape(app, options.input_shape);
      AddNormalisation(app, options.mean, options.std);
      app.add_option("--top1", options.top1,
                     "Its accuracy on the whole test split, in percent, which is then checked")
          ->type_name(kind::kNumber)
          ->check(CLI::Range(0.0, 100.0));
      app.add_option("--output", options.output,
                     "What it gives for an image: classes, dense (maps) or embedding (default: by "
                     "the shape)")
          ->type_name(kind::kText)
          ->check(CLI::IsMember({"classes", "dense", "embedding"}));
      app.add_option("--classes", options.classes, "How many classes it must have")
          ->type_name(kind::kNumber)
          ->check(CLI::PositiveNumber);
      app.add_flag("!--no-check", options.check,
                   "Do not run the file itself to compare its outputs with Zerosweep's");
    },
    RunImport};

}  // namespace
}  // namespace zerosweep
