#include "sweeps/trial_resolver.h"

#include <algorithm>

#include "base/files.h"
#include "sweeps/parameters.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

const Json kNoKind = {{"params", Json::array()}};

// `ranks` and `dtype` belong to a stage's name, so only a kind that declares them can obey them.
void TakeIfDeclared(const Json& kind, const std::string& name, const YamlNode* node, Json& given) {
  const Json* param = FindParam(kind, name);
  if (node == nullptr || param == nullptr || given.contains(name)) return;
  given[name] = CheckedValue(*param, *node, name);
}

// What relative paths of a sweep start from. One that no file keeps is at home where it is read.
fs::path FolderOfSweep(const fs::path& file) {
  const bool kept =
      file != "-" && file.native().rfind("/dev/", 0) != 0 && file.native().rfind("/proc/", 0) != 0;
  return kept ? fs::absolute(file).parent_path() : fs::current_path();
}

// Images have values from 0 to 1 before they are normalised; many a repository counts to 255.
std::string DoubtOfNormalisation(const Model& model) {
  for (const auto& [what, numbers] : {std::pair("mean", &model.mean), {"deviation", &model.std}}) {
    for (const Json& number : *numbers) {
      if (number.get<double>() <= 1) continue;
      return fmt::format(
          "the normalisation of model {} has a {} of {}, but images have values from 0 to 1: were "
          "its numbers meant for 0 to 255? Then divide them by 255",
          model.name, what, number.get<double>());
    }
  }
  return "";
}

struct EvaluateBlock {
  Json given = Json::object();
  Resources resources;
};

// The teacher is measured on the same images, so the `evaluate` block also sets its parameters.
EvaluateBlock ParseEvaluate(const YamlNode& node, const Catalogue& catalogue) {
  EvaluateBlock block;
  block.given = CheckedBlock({&catalogue.Get("kind", "evaluate", "catalogue"),
                              &catalogue.Get("kind", "teacher", "catalogue")},
                             node, "evaluate", {"resources"});
  if (const YamlNode* resources = node.Find("resources"))
    block.resources = ParseResources(*resources);
  return block;
}

}  // namespace

TrialResolver::TrialResolver(const ExpandOptions& options, const Catalogue& catalogue)
    : options_(options),
      catalogue_(catalogue),
      sweep_folder_(FolderOfSweep(options.file)),
      digests_(options.home, options.reading) {
  RequireUtf8Path(sweep_folder_, "the sweep's folder");
}

const Method* TrialResolver::MethodOf(const Assignment& trial) {
  const Node method = trial.Get(TrialKey::kMethod);
  const Node synthesizer = trial.Get(TrialKey::kSynthesizer);
  const Node quantizer = trial.Get(TrialKey::kQuantizer);
  if (method == nullptr && (synthesizer == nullptr || quantizer == nullptr)) return nullptr;
  const auto key = std::tuple(method, synthesizer, quantizer);
  auto found = methods_.find(key);
  if (found == methods_.end()) {
    Method made = method != nullptr ? ParseMethod(*method, catalogue_)
                                    : CombineParts(*synthesizer, *quantizer, catalogue_);
    found = methods_.emplace(key, std::move(made)).first;
  }
  return &found->second;
}

const Bits* TrialResolver::BitsOf(const Assignment& trial) {
  const Node node = trial.Get(TrialKey::kBits);
  return node == nullptr ? nullptr : &BitsAt(*node);
}

const Bits& TrialResolver::BitsAt(const YamlNode& node) {
  auto found = bits_.find(&node);
  if (found == bits_.end()) {
    found = bits_.emplace(&node, ParseBits(node, catalogue_, sweep_folder_)).first;
  }
  return found->second;
}

Seeds TrialResolver::SeedsOf(const Assignment& trial) {
  const Node node = trial.Get(TrialKey::kSeed);
  if (node == nullptr) return {};
  auto found = seeds_.find(node);
  if (found == seeds_.end()) found = seeds_.emplace(node, ParseSeeds(*node)).first;
  return found->second;
}

// A folder of the very name comes first: `$x` may be one.
fs::path TrialResolver::DataFolderOf(const YamlNode& node) const {
  const fs::path written = (sweep_folder_ / node.text).lexically_normal();
  std::error_code code;
  if (node.is_scalar() && !node.text.empty() && fs::is_directory(written, code)) return written;
  return (sweep_folder_ / RequirePath(node, "data")).lexically_normal();
}

DataRoots TrialResolver::RootsOf(const Assignment& trial) const {
  DataRoots roots;
  std::string where = "--data or $ZEROSWEEP_DATA";
  if (!options_.data.empty()) {
    roots.push_back(fs::absolute(WithHomeFolder(options_.data)).lexically_normal());
    RequireUtf8Path(roots.back(), "the data folder");
  }
  if (const Node data = trial.Get(TrialKey::kData)) {
    if (roots.empty()) where = data->where;
    roots.push_back(DataFolderOf(*data));
  }
  // The one that counts has to be there: data from elsewhere would not be what was asked for.
  std::error_code code;
  if (!roots.empty() && !fs::is_directory(roots.front(), code))
    FailAt(where,
           "there is no folder {}: name the one that holds the data with data:, --data or "
           "$ZEROSWEEP_DATA",
           roots.front().string());
  return roots;
}

const Model* TrialResolver::ModelOf(const Assignment& trial) {
  const Node node = trial.Get(TrialKey::kModel);
  if (node == nullptr) return nullptr;
  const auto key = std::pair(node, trial.Get(TrialKey::kData));
  auto found = models_.find(key);
  if (found == models_.end()) {
    const ModelPlaces places{options_.model_folders, RootsOf(trial), sweep_folder_};
    found = models_.emplace(key, FindModel(*node, places, catalogue_, digests_)).first;
    Warn(node->where, DoubtOfNormalisation(found->second));
  }
  return &found->second;
}

const DatasetFiles& TrialResolver::DataOf(const Assignment& trial) {
  const Model& model = *ModelOf(trial);
  const auto key = std::pair(model.dataset, trial.Get(TrialKey::kData));
  auto found = datasets_.find(key);
  if (found == datasets_.end()) {
    DatasetFiles files =
        FindDataset(*model.dataset, RootsOf(trial), model.where, digests_, real_data_);
    found = datasets_.emplace(key, std::move(files)).first;
    Warn(model.where, found->second.warning);
  }
  return found->second;
}

const std::string& TrialResolver::CalibrationOf(const Assignment& trial) {
  const DatasetFiles& data = DataOf(trial);
  std::string& fingerprint = calibrations_[&data];
  if (fingerprint.empty()) {
    std::string warning;
    fingerprint =
        SplitFingerprint(*ModelOf(trial)->dataset, data, "calibration", digests_, &warning);
    Warn(ModelOf(trial)->where, warning);
  }
  return fingerprint;
}

void TrialResolver::Warn(const std::string& where, const std::string& warning) {
  if (!warning.empty()) warnings_.push_back(where + ": " + warning);
}

Json TrialResolver::EvalOf(const Assignment& trial) {
  const Model& model = *ModelOf(trial);
  const Json& fields = ProtocolOf(trial).fields;
  const auto given = [&](const char* name) { return fields.value(name, int64_t{0}); };
  const Node node = trial.Get(TrialKey::kProtocol);
  const std::string& where = node != nullptr ? node->where : model.where;
  if (!model.dataset->at("facts").contains("folders")) {
    if (given("eval_resize") == 0 && given("eval_crop") == 0) return nullptr;
    FailAt(where, "the protocol gives eval_resize or eval_crop, but images of {} are not resized",
           model.dataset->at("name").get<std::string>());
  }
  const int64_t crop = given("eval_crop") > 0 ? given("eval_crop") : model.input_side;
  const int64_t resize = given("eval_resize") > 0 ? given("eval_resize") : UsualResize(crop);
  if (resize < crop) {
    FailAt(where, "the protocol's eval_resize is {}, but the crop is {}: it must be at least that",
           resize, crop);
  }
  return {{"resize", resize}, {"crop", crop}};
}

bool TrialResolver::UsualEval(const Assignment& trial) {
  const Json eval = EvalOf(trial);
  const int64_t side = ModelOf(trial)->input_side;
  return eval.is_null() || eval == Json{{"resize", UsualResize(side)}, {"crop", side}};
}

const Protocol& TrialResolver::ProtocolOf(const Assignment& trial) {
  const Node node = trial.Get(TrialKey::kProtocol);
  const Method* method = node == nullptr ? MethodOf(trial) : nullptr;
  const std::string variant = method != nullptr ? ExecutionOf(trial).variant : "";
  const auto key = std::tuple(node, method, variant);
  auto found = protocols_.find(key);
  if (found == protocols_.end()) {
    ProtocolChoice choice;
    if (node != nullptr) {
      choice = ParseProtocol(*node, catalogue_);
    } else if (method != nullptr && method->recipe_protocol) {
      choice = method->recipe_protocol->Of(variant);
    }
    found = protocols_.emplace(key, ResolveProtocol(choice, catalogue_)).first;
  }
  return found->second;
}

Execution TrialResolver::ExecutionOf(const Assignment& trial) {
  const Node profile = trial.Get(TrialKey::kProfile);
  const Node variant = trial.Get(TrialKey::kVariant);
  const Method* method = MethodOf(trial);
  Execution execution;
  execution.profile = profile != nullptr ? RequireChoice(*profile, "profile", kProfiles) : "paper";
  execution.variant = "code";
  if (method != nullptr && !method->recipe_variant.empty()) {
    execution.variant = method->recipe_variant;
  }
  if (variant != nullptr) execution.variant = RequireChoice(*variant, "variant", kVariants);
  if (method != nullptr && !method->variant.empty()) execution.variant = method->variant;
  execution.ranks = trial.Get(TrialKey::kRanks);
  execution.dtype = trial.Get(TrialKey::kDtype);
  execution.resources = trial.Get(TrialKey::kResources);
  return execution;
}

void TrialResolver::AddKindParams(const std::string& kind, const Json& given,
                                  const Execution& execution, const Part& part,
                                  StageParams& params) const {
  const Json* found = catalogue_.Find("kind", kind);
  const Json& declaration = found != nullptr ? *found : kNoKind;
  Json own = given;
  TakeIfDeclared(declaration, "ranks", execution.ranks, own);
  TakeIfDeclared(declaration, "dtype", execution.dtype, own);
  if (execution.ranks != nullptr && !given.contains("ranks") && FindParam(declaration, "ranks"))
    CheckGroups(*part.declaration, RoleOfKind(kind), *execution.ranks, catalogue_);
  Json values =
      ResolveParams(declaration, own, part.recipe_values, execution.profile, execution.variant);
  params.threads = values.value("threads", 1);
  Resources resources;
  if (execution.resources != nullptr) resources = ParseResources(*execution.resources);
  resources.Override(part.resources);
  params.threads = resources.threads.value_or(params.threads);
  params.needs = {values.value("ranks", 1), resources.gpu.value_or(false),
                  resources.cpus.value_or(0), resources.memory.value_or(0),
                  resources.time.value_or(0)};
  if (options_.threads > 0) params.threads = options_.threads;
  values.erase("threads");  // a resource, not part of the name
  for (const auto& [name, value] : values.items()) {
    if (!params.all.contains(name)) params.all[name] = value;
  }
  const Json named = WithoutNeutral(declaration.at("params"), std::move(values));
  for (const auto& [name, value] : named.items()) {
    if (!params.named.contains(name)) params.named[name] = value;
  }
}

const StageParams& TrialResolver::PartParams(const Assignment& trial, const std::string& kind) {
  const Method* method = MethodOf(trial);
  const Execution execution = ExecutionOf(trial);
  const auto key = std::tuple(method, kind, execution);
  auto found = part_params_.find(key);
  if (found == part_params_.end()) {
    const Part& part = kind == "synthesize" ? *method->synthesizer : method->quantizer;
    StageParams params;
    if (kind != "correct") {
      params.all = ResolveParams(*part.declaration, part.given, part.recipe_values,
                                 execution.profile, execution.variant);
      params.named = WithoutNeutral(part.declaration->at("params"), params.all);
    }
    AddKindParams(kind, part.given, execution, part, params);
    found = part_params_.emplace(key, std::move(params)).first;
  }
  return found->second;
}

const StageParams& TrialResolver::KindParams(const Assignment& trial, const std::string& kind) {
  const bool of_bits = kind == "sensitivity";
  const Node node = trial.Get(of_bits ? TrialKey::kBits : TrialKey::kEvaluate);
  const Execution execution = ExecutionOf(trial);
  const auto key = std::tuple(node, kind, execution);
  auto found = kind_params_.find(key);
  if (found == kind_params_.end()) {
    EvaluateBlock block;
    if (of_bits) {
      block.given = SensitivityParams(BitsAt(*node));
    } else if (node != nullptr) {
      block = ParseEvaluate(*node, catalogue_);
    }
    Part part;  // of no method
    part.resources = block.resources;
    StageParams params;
    AddKindParams(kind, block.given, execution, part, params);
    found = kind_params_.emplace(key, std::move(params)).first;
  }
  return found->second;
}

void TrialResolver::NoteNeeds(const Part& part) {
  real_data_ |= Needs(*part.declaration, "real_data");
}

void TrialResolver::Check(TrialKey key, const YamlNode& node) {
  switch (key) {
    case TrialKey::kMethod: {
      const Method method = ParseMethod(node, catalogue_);
      for (const Part* part : PartsOf(method)) NoteNeeds(*part);
      return;
    }
    case TrialKey::kSynthesizer:
    case TrialKey::kQuantizer:
      NoteNeeds(ParsePart(node, NameOf(key), catalogue_));
      return;
    case TrialKey::kBits:
      BitsAt(node);
      return;
    case TrialKey::kProtocol:
      ParseProtocol(node, catalogue_);
      return;
    case TrialKey::kVariant:
    case TrialKey::kProfile:
      RequireChoice(node, NameOf(key), key == TrialKey::kVariant ? kVariants : kProfiles);
      return;
    case TrialKey::kRanks:
    case TrialKey::kDtype:
      CheckExecution(NameOf(key), node, catalogue_);
      return;
    case TrialKey::kResources:
      ParseResources(node);
      return;
    case TrialKey::kEvaluate:
      ParseEvaluate(node, catalogue_);
      return;
    case TrialKey::kSeed:
      ParseSeeds(node);
      return;
    case TrialKey::kModel:
      CheckModelForm(node);
      return;
    case TrialKey::kData:
      DataFolderOf(node);
      return;
  }
}

}  // namespace zerosweep
