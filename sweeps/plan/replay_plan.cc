#include "sweeps/plan/replay_plan.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/files.h"
#include "base/text.h"
#include "contract/dataset_files.h"
#include "contract/weight_files.h"
#include "storage/results/stage_text.h"
#include "sweeps/values/data_files.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

std::string LabelOf(const StageDesign& design) {
  return design.kind + (design.implementation == design.kind ? "" : " " + design.implementation);
}

// A file or folder that a stage reads, with the digest of its contents.
struct Place {
  fs::path path;
  std::string digest;
};

std::string Shown(const std::vector<fs::path>& paths) {
  std::vector<std::string> words;
  for (const fs::path& path : paths) words.push_back(path.string());
  return words.empty() ? "no folder was given" : "looked in " + Join(words, ", ");
}

class Replayer {
 public:
  Replayer(const RecordedTrial& recorded, const PlanOptions& options, const Catalogue& catalogue)
      : recorded_(recorded),
        options_(options),
        catalogue_(catalogue),
        digests_(options.home, options.reading),
        configuration_(*recorded.trial.configuration) {
    if (options.data.empty()) return;
    roots_.push_back(fs::absolute(WithHomeFolder(options.data)).lexically_normal());
    std::error_code code;
    if (!fs::is_directory(roots_.front(), code))
      Fail(ErrorKind::kUsage, "there is no folder {}: --data or $ZEROSWEEP_DATA names it",
           roots_.front().string());
  }

  ReplayPlan Replay() {
    Begin("replay", "computed again");
    for (const StageRow& row : recorded_.stages) AddStage(row, DesignNow(*row.design));
    AddTrial(/*renamed=*/!replay_.changes.empty());
    return std::move(replay_);
  }

  Plan EvaluateExported() {
    Begin("export", "evaluated in the exported form");
    for (const StageRow& row : recorded_.stages)
      AddStage(row,
               row.design->kind == "evaluate" ? Exported(DesignNow(*row.design)) : *row.design);
    Json& evaluate = configuration_.resolved["evaluate"];
    if (evaluate.contains("integer")) evaluate["integer"] = false;
    evaluate["form"] = "exported";
    AddTrial(/*renamed=*/true);
    return std::move(replay_.plan);
  }

 private:
  void Begin(const std::string& verb, const std::string& what) {
    Plan& plan = replay_.plan;
    plan.sweep = fmt::format("{}_{:.12}", verb, recorded_.trial.id);
    plan.source = fmt::format("# trial {}, {}\n", recorded_.trial.id, what);
    plan.resolved = Json::object();
  }

  void AddTrial(bool renamed) {
    Plan& plan = replay_.plan;
    TrialRow trial = recorded_.trial;
    if (renamed) {
      const StageRow& evaluate = StageOf(trial, "evaluate", plan.stages);
      trial.id = TrialName(evaluate.name, TrialTail(configuration_));
    }
    trial.configuration = std::make_shared<const Configuration>(std::move(configuration_));
    plan.trials.push_back(std::move(trial));
  }

  static StageDesign Exported(StageDesign design) {
    design.params.erase("integer");
    design.params["form"] = "exported";
    return design;
  }

  // The design as a sweep would have it now.
  StageDesign DesignNow(StageDesign design) {
    const std::string label = LabelOf(design);
    const int revision = RevisionNow(design);
    RecordChange("revision of " + label, std::to_string(design.revision), std::to_string(revision));
    design.revision = revision;
    if (options_.threads > 0) design.threads = options_.threads;
    if (design.kind == "teacher") TakeWeights(design);
    if (design.params.contains("dataset") && design.params.contains("data")) TakeData(design);
    return design;
  }

  void AddStage(const StageRow& row, StageDesign design) {
    std::vector<std::string_view> inputs;
    for (const size_t input : row.inputs) inputs.push_back(replay_.plan.stages[input].name);
    std::string name = StageText(design).Name(row.seed, inputs);
    replay_.plan.stages.push_back({std::move(name),
                                   std::make_shared<const StageDesign>(std::move(design)), row.seed,
                                   row.inputs});
  }

  void RecordChange(const std::string& what, const std::string& recorded, const std::string& now) {
    if (recorded != now && noted_.insert(what).second)
      replay_.changes.push_back({what, recorded, now});
  }

  // The revision that PlanBuilder would put into the name.
  int RevisionNow(const StageDesign& design) const {
    const Declaration* kind = catalogue_.Find(Role::kKind, design.kind);
    const Role role = kind == nullptr ? Role::kKind : kind->kind().runs.value_or(Role::kKind);
    const Declaration* declaration = catalogue_.Find(role, design.implementation);
    if (declaration == nullptr)
      Fail(ErrorKind::kCluster,
           "this zerosweep has no {} '{}' any more: the trial cannot be "
           "computed by it",
           ToString(role), design.implementation);
    return declaration->revision;
  }

  void TakeWeights(StageDesign& design) {
    const std::string digest = design.params.at("weights");
    const Place place = FindWeights(design.files["weights"], digest);
    design.files["weights"] = place.path.string();
    design.params["weights"] = place.digest;
    configuration_.resolved["model"]["weights"] = place.digest;
    RecordChange("weights " + place.path.string(), digest, place.digest);
  }

  // Files that may be the weights, the likeliest first: the recorded file; then files with its name
  // or the model's, in the data folder and among the shipped and imported models.
  std::vector<fs::path> WeightCandidates(const fs::path& recorded) const {
    std::vector<fs::path> files;
    std::error_code code;
    if (IsFile(recorded)) files.push_back(recorded);
    std::vector<fs::path> folders = roots_;
    folders.insert(folders.end(), options_.model_folders.begin(), options_.model_folders.end());
    for (const fs::path& folder : folders) {
      const fs::path imported = folder / configuration_.model / recorded.filename();
      if (IsFile(imported)) files.push_back(imported);
      std::vector<fs::path> here;
      for (const auto& entry : fs::directory_iterator(folder, code)) {
        const fs::path& path = entry.path();
        const bool named = path.filename() == recorded.filename() ||
                           (path.stem() == configuration_.model && path.extension() != ".json");
        if (named && entry.is_regular_file(code)) here.push_back(path);
      }
      std::ranges::sort(here);
      files.insert(files.end(), here.begin(), here.end());
    }
    return files;
  }

  Place FindWeights(const fs::path& recorded, const std::string& digest) {
    std::vector<Place> places;
    for (const fs::path& file : WeightCandidates(recorded)) {
      places.push_back({file, WeightsDigest(file, [&](const fs::path& shard) {
                          return digests_.Sha256Of(shard);
                        })});
      if (places.back().digest == digest) return places.back();
    }
    if (!places.empty()) return places.front();
    std::vector<fs::path> tried = roots_;
    tried.insert(tried.end(), options_.model_folders.begin(), options_.model_folders.end());
    const std::string cure = configuration_.arch == kImportedArch
                                 ? fmt::format(
                                       "`zerosweep import FILE --name {}` keeps it in this "
                                       "home, or name",
                                       configuration_.model)
                                 : "name";
    Fail(ErrorKind::kStorage,
         "the weights of model {} ({}) are not there ({}): {} their folder with --data or "
         "$ZEROSWEEP_DATA",
         configuration_.model, recorded.empty() ? "from a bundle" : recorded.string(), Shown(tried),
         cure);
  }

  void TakeData(StageDesign& design) {
    const bool tests = design.kind == "teacher" || design.kind == "evaluate";
    const std::string split = tests ? "test" : "calibration", dataset = design.params.at("dataset");
    const std::string digest = design.params.at("data");
    auto known = data_.find(split + digest);
    if (known == data_.end())
      known = data_.emplace(split + digest, FindData(dataset, split, design.files["data"], digest))
                  .first;
    const Place& place = known->second;
    design.files["data"] = place.path.string();
    design.params["data"] = place.digest;
    if (tests) configuration_.resolved["dataset"]["fingerprint"] = place.digest;
    RecordChange(fmt::format("{} images of {} in {}", split, dataset, place.path.string()), digest,
                 place.digest);
  }

  Place FindData(const std::string& dataset, const std::string& split, const fs::path& recorded,
                 const std::string& digest) {
    const Declaration* declaration = catalogue_.Find(Role::kDataset, dataset);
    if (declaration == nullptr)
      Fail(ErrorKind::kCluster, "this zerosweep has no dataset '{}' any more", dataset);
    std::vector<fs::path> folders = roots_;
    if (!recorded.empty()) folders.push_back(recorded);
    std::vector<Place> places;
    for (size_t i = 0; i <= folders.size(); ++i) {  // the last round looks only in the usual place
      DataRoots root;
      if (i < folders.size()) root.push_back(folders[i]);
      const auto place = LocateDataset(*declaration, root);
      if (!place || !HasSplit(place->splits, split, declaration->dataset())) continue;
      places.push_back({place->folder, SplitFingerprint(*declaration, *place, split, digests_)});
      if (places.back().digest == digest) return places.back();
    }
    if (!places.empty()) return places.front();
    Fail(ErrorKind::kStorage,
         "the {} images of dataset {} are not there ({}): name their folder with --data or "
         "$ZEROSWEEP_DATA",
         split, dataset, Shown(folders));
  }

  const RecordedTrial& recorded_;
  const PlanOptions& options_;
  const Catalogue& catalogue_;
  DigestCache digests_;
  DataRoots roots_;
  Configuration configuration_;        // of the trial as it would be computed now
  std::map<std::string, Place> data_;  // by split and recorded digest
  std::set<std::string> noted_;
  ReplayPlan replay_;
};

// What `make` returns. An imported record may hold anything.
template <typename Make>
auto Checked(const RecordedTrial& recorded, const Make& make) {
  try {
    return make();
  } catch (const Json::exception& error) {
    Fail(ErrorKind::kStorage, "the record of trial {:.12} is malformed ({}): it cannot be computed",
         recorded.trial.id, error.what());
  }
}

}  // namespace

ReplayPlan PlanReplay(const RecordedTrial& recorded, const PlanOptions& options,
                      const Catalogue& catalogue) {
  return Checked(recorded, [&] { return Replayer(recorded, options, catalogue).Replay(); });
}

Plan PlanExportedForm(const RecordedTrial& recorded, const PlanOptions& options,
                      const Catalogue& catalogue) {
  return Checked(recorded,
                 [&] { return Replayer(recorded, options, catalogue).EvaluateExported(); });
}

}  // namespace zerosweep
