#include "sweeps/plan/single_trial.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>

#include "base/files.h"
#include "sweeps/grammar/overrides.h"
#include "sweeps/grammar/sweep_spec.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

constexpr size_t kIdShown = 8, kMaxName = 100;

YamlNode EmptyMap(const std::string& where) {
  return {.kind = YamlNode::Kind::kMap, .where = where};
}

YamlNode& Put(YamlNode& map, const std::string& key, YamlNode value) {
  const std::string where = value.where;
  return map.members.emplace_back(YamlMember{key, where, std::move(value)}).value;
}

// Whether the word names a file; names of shipped models are plain words.
bool NamesFile(const std::string& model) {
  static const std::set<std::string> kEndings = {".safetensors", ".pth",  ".pt", ".bin",
                                                 ".tar",         ".onnx", ".pt2"};
  return model.find('/') != std::string::npos || IsFile(model) ||
         kEndings.contains(fs::path(model).extension());
}

YamlNode ModelNode(const SingleTrial& trial) {
  if (!NamesFile(trial.model)) {
    if (!trial.arch.empty() || !trial.dataset.empty() || !trial.key.empty() ||
        !trial.input_shape.empty() || !trial.mean.empty() || !trial.std.empty())
      FailAt("MODEL",
             "{} is the name of a shipped model: --arch, --dataset, --key, --input-shape, --mean "
             "and --std go with a file",
             trial.model);
    return WordNode(trial.model, "MODEL");
  }
  YamlNode node = EmptyMap("MODEL");
  // A file in the current folder precedes one of the same name in the data folder.
  const bool here = IsFile(trial.model);
  Put(node, "file", WordNode(here ? fs::absolute(trial.model).string() : trial.model, "MODEL"));
  if (!trial.key.empty()) Put(node, "key", WordNode(trial.key, "--key"));
  if (!trial.arch.empty()) Put(node, "arch", WordNode(trial.arch, "--arch"));
  if (!trial.dataset.empty()) Put(node, "dataset", WordNode(trial.dataset, "--dataset"));
  if (!trial.input_shape.empty())
    Put(node, "input_shape", ParseYamlValue(Json(trial.input_shape).dump(), "--input-shape"));
  if (trial.mean.empty() != trial.std.empty()) FailAt("MODEL", "give --mean and --std together");
  if (!trial.mean.empty()) {
    YamlNode& normalisation = Put(node, "normalisation", EmptyMap("MODEL"));
    Put(normalisation, "mean", ParseYamlValue(Json(trial.mean).dump(), "--mean"));
    Put(normalisation, "std", ParseYamlValue(Json(trial.std).dump(), "--std"));
  }
  return node;
}

// Sets protocol.exclude, whatever characters it has.
void Exclude(const std::string& names, YamlNode& fixed) {
  if (std::ranges::any_of(names, [](unsigned char c) { return std::iscntrl(c) != 0; }))
    FailAt("--exclude", "it holds a line break or another control character");
  YamlNode* protocol = fixed.Find("protocol");
  if (protocol == nullptr) protocol = &Put(fixed, "protocol", EmptyMap("--exclude"));
  if (!protocol->is_map()) {
    YamlNode map = EmptyMap("--exclude");
    Put(map, "preset", std::move(*protocol));
    *protocol = std::move(map);
  }
  Put(*protocol, "exclude", WordNode(names, "--exclude"));
}

// Always a map, to which settings can be added.
YamlNode MethodNode(const std::string& method) {
  YamlNode value = ParseArgument(method, "--method");
  if (value.is_map()) return value;
  YamlNode node = EmptyMap("--method");
  Put(node, "recipe", std::move(value));
  return node;
}

std::optional<std::string> ApplySetting(const std::string& setting, YamlNode& fixed) {
  const std::string first = setting.substr(0, setting.find_first_of(".="));
  const std::vector<std::string>& keys = TrialKeyNames();
  const bool of_trial = std::ranges::find(keys, first) != keys.end();
  return ApplyOverride(setting, of_trial ? fixed : *fixed.Find("method"));
}

}  // namespace

YamlNode TreeOf(const SingleTrial& trial, std::vector<std::string>* notes) {
  YamlNode root = EmptyMap("quantize");
  Put(root, "name", WordNode("quantize", "quantize"));
  YamlNode fixed = EmptyMap("quantize");
  Put(fixed, "model", ModelNode(trial));
  Put(fixed, "method", MethodNode(trial.method));
  Put(fixed, "bits", ParseArgument(trial.bits, "--bits"));
  if (!trial.profile.empty()) Put(fixed, "profile", WordNode(trial.profile, "--profile"));
  Put(fixed, "seed", ParseYamlValue(std::to_string(trial.seed), "--seed"));
  std::vector<std::string> settings = trial.settings;
  if (trial.images) {
    for (const std::string& setting : settings)
      if (setting.starts_with("synthesize.images="))
        FailAt("--images", "--set {} says it too: leave one of them out", setting);
    settings.insert(settings.begin(), fmt::format("synthesize.images={}", *trial.images));
  }
  for (const std::string& setting : settings) {
    const auto note = ApplySetting(setting, fixed);
    if (note && notes != nullptr) notes->push_back(*note);
  }
  if (!trial.exclude.empty()) Exclude(trial.exclude, fixed);
  Put(root, "fixed", std::move(fixed));
  return root;
}

std::string NameOfSingle(const Plan& plan) {
  const TrialRow& trial = plan.trials.at(0);
  const Configuration& c = *trial.configuration;
  const std::string tail = "_" + trial.id.substr(0, kIdShown);
  std::string name = fmt::format("quantize_{}_{}_{}", c.model, c.method, c.bits);
  name = name.substr(0, kMaxName - tail.size());
  for (char& letter : name) {
    const bool allowed = std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_' ||
                         letter == '-' || letter == '.';
    if (!allowed) letter = '-';
  }
  return name + tail;
}

}  // namespace zerosweep
