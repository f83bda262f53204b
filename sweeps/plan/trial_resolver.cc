#include "sweeps/plan/trial_resolver.h"

#include <algorithm>

#include "base/files.h"
#include "contract/image_folder.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

// Images have values from 0 to 1 before normalisation, but many repositories count to 255.
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

// Images are read in colour unless the network takes grey ones.
Json TransformOf(int64_t resize, int64_t crop, const Model& model) {
  Json transform = {{"resize", resize}, {"crop", crop}};
  if (!model.square()) {
    const auto& shape = model.architecture->model().input_shape;
    transform = {{"height", shape[1]}, {"width", shape[2]}};
  }
  if (model.channels() == 1) transform["channels"] = 1;
  return transform;
}

Json EvalOf(const Assignment& trial, const Treatment& treatment, const Model& model) {
  const auto given = [&](const char* name) {
    return treatment.protocol.fields.value(name, int64_t{0});
  };
  const YamlNode* node = trial.Get(TrialKey::kProtocol);
  const std::string& where = node != nullptr ? node->where : model.where;
  if (!model.dataset->dataset().in_image_files()) {
    if (given("eval_resize") == 0 && given("eval_crop") == 0) return nullptr;
    FailAt(where, "the protocol gives eval_resize or eval_crop, but images of {} are not resized",
           model.dataset->name);
  }
  if (!model.square() && (given("eval_resize") > 0 || given("eval_crop") > 0))
    FailAt(where,
           "the protocol gives eval_resize or eval_crop, but the images of model {} are no "
           "squares: they are resized to its height and width",
           model.name);
  const int64_t crop = given("eval_crop") > 0 ? given("eval_crop") : model.input_side;
  const int64_t resize = given("eval_resize") > 0 ? given("eval_resize") : UsualResize(crop);
  if (resize < crop) {
    FailAt(where, "the protocol's eval_resize is {}, but the crop is {}: it must be at least that",
           resize, crop);
  }
  return TransformOf(resize, crop, model);
}

}  // namespace

fs::path FolderOfSweep(const fs::path& file) {
  const bool kept =
      file != "-" && file.native().rfind("/dev/", 0) != 0 && file.native().rfind("/proc/", 0) != 0;
  const fs::path folder = kept ? fs::absolute(file).parent_path() : fs::current_path();
  RequireUtf8Path(folder, "the sweep's folder");
  return folder;
}

TrialResolver::TrialResolver(const ExpandOptions& options, const Catalogue& catalogue,
                             const TrialValues& values)
    : options_(options),
      catalogue_(catalogue),
      values_(values),
      sweep_folder_(FolderOfSweep(options.file)),
      digests_(options.home, options.reading) {}

const Treatment& TrialResolver::TreatmentOf(const Assignment& trial) {
  auto key = trial.values;
  for (const TrialKey other : {TrialKey::kModel, TrialKey::kData, TrialKey::kSeed})
    key[static_cast<size_t>(other)] = nullptr;
  const auto [place, is_new] = treatments_.try_emplace(key);
  if (is_new) ResolveTreatment(trial, values_, catalogue_, options_.threads, place->second);
  return place->second;
}

Seeds TrialResolver::SeedsOf(const Assignment& trial) const {
  const auto* seeds = values_.Get<Seeds>(trial, TrialKey::kSeed);
  return seeds != nullptr ? *seeds : Seeds{};
}

DataRoots TrialResolver::RootsOf(const Assignment& trial) const {
  DataRoots roots;
  std::string where = "--data or $ZEROSWEEP_DATA";
  if (!options_.data.empty()) {
    roots.push_back(fs::absolute(WithHomeFolder(options_.data)).lexically_normal());
    RequireUtf8Path(roots.back(), "the data folder");
  }
  if (const auto* data = values_.Get<fs::path>(trial, TrialKey::kData)) {
    if (roots.empty()) where = trial.Get(TrialKey::kData)->where;
    roots.push_back(*data);
  }
  // The first folder must exist: data from elsewhere would not be what the user asked for.
  std::error_code code;
  if (!roots.empty() && !fs::is_directory(roots.front(), code))
    FailAt(where,
           "there is no folder {}: name the one that holds the data with data:, --data or "
           "$ZEROSWEEP_DATA",
           roots.front().string());
  return roots;
}

const Model* TrialResolver::ModelOf(const Assignment& trial) {
  const YamlNode* node = trial.Get(TrialKey::kModel);
  if (node == nullptr) return nullptr;
  const auto key = std::pair(node, trial.Get(TrialKey::kData));
  const auto known = models_.find(key);
  if (known != models_.end()) return &known->second;
  const ModelPlaces places{options_.model_folders, RootsOf(trial), sweep_folder_, options_.inspect};
  Model model = FindModel(*node, places, catalogue_, digests_);
  Warn(node->where, DoubtOfNormalisation(model));
  return &models_.emplace(key, std::move(model)).first->second;
}

DatasetFiles& TrialResolver::ImagesOf(const Model& model, const Assignment& trial) {
  const auto key = std::pair(model.dataset, trial.Get(TrialKey::kData));
  const auto known = images_.find(key);
  if (known != images_.end()) return known->second;
  DatasetFiles files =
      FindDataset(*model.dataset, RootsOf(trial), model.where, digests_, values_.need_real_data());
  Warn(model.where, files.warning);
  return images_.emplace(key, std::move(files)).first->second;
}

const std::string& TrialResolver::CalibrationOf(const ResolvedTrial& trial) {
  std::string& fingerprint = trial.images.calibration_fingerprint;
  if (fingerprint.empty()) {
    std::string warning;
    const Model& model = trial.model;
    try {
      fingerprint = SplitFingerprint(*model.dataset, trial.images, "calibration", digests_,
                                     &warning, model.classes);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kUsage) throw;
      FailAt(model.where, "dataset {}: {}", trial.images.name, error.what());
    }
    Warn(trial.model.where, warning);
  }
  return fingerprint;
}

// Placements were written for networks of convolutions and ReLU. On any other network, only
// quantizers at the inputs of operators reach every multiplication.
Protocol TrialResolver::ProtocolFor(const Treatment& treatment, const Model& model) const {
  const ProtocolChoice& chosen = treatment.protocol_choice;
  const bool of_user = treatment.protocol_given &&
                       (!chosen.preset.empty() || chosen.changed.contains("act_placement"));
  if (!model.imported || of_user) return treatment.protocol;
  ProtocolChoice choice = chosen;
  choice.changed["act_placement"] = "op_input";
  return ResolveProtocol(choice, catalogue_);
}

ResolvedTrial TrialResolver::Resolve(const Assignment& trial) {
  const Treatment& treatment = TreatmentOf(trial);
  const Model& model = *ModelOf(trial);
  const Json eval = EvalOf(trial, treatment, model);
  const Json usual = TransformOf(UsualResize(model.input_side), model.input_side, model);
  DatasetFiles& images = ImagesOf(model, trial);
  if (!model.top1.is_null() && !images.labelled) {
    Warn(model.where, fmt::format("the accuracy on the card of model {} is not checked: the images "
                                  "of {} have no classes",
                                  model.name, images.name));
  }
  return {treatment,
          model,
          images,
          eval,
          eval.is_null() || eval == usual,
          ProtocolFor(treatment, model)};
}

void TrialResolver::Warn(const std::string& where, const std::string& warning) {
  const std::string line = where + ": " + warning;
  if (!warning.empty() && std::find(warnings_.begin(), warnings_.end(), line) == warnings_.end())
    warnings_.push_back(line);
}

}  // namespace zerosweep
