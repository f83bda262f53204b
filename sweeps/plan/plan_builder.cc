#include "sweeps/plan/plan_builder.h"

#include "contract/image_list.h"
#include "sweeps/plan/trial_limits.h"

namespace zerosweep {
namespace {

void RequireComplete(const Assignment& trial, const Treatment& treatment,
                     const std::string& sweep_where) {
  const std::string& where = trial.origin != nullptr ? trial.origin->where : sweep_where;
  for (const TrialKey key : {TrialKey::kModel, TrialKey::kBits}) {
    if (trial.Get(key) == nullptr) {
      FailAt(where, "a trial has no {}: give it under fixed, grid, zip or include", NameOf(key));
    }
  }
  if (treatment.method) return;
  const YamlNode* synthesizer = trial.Get(TrialKey::kSynthesizer);
  const YamlNode* quantizer = trial.Get(TrialKey::kQuantizer);
  if (synthesizer == nullptr && quantizer == nullptr) {
    FailAt(where,
           "a trial has no method: give method, or synthesizer and quantizer, under fixed, "
           "grid, zip or include");
  }
  FailAt((synthesizer != nullptr ? synthesizer : quantizer)->where, "a trial has a {} but no {}",
         synthesizer != nullptr ? "synthesizer" : "quantizer",
         synthesizer != nullptr ? "quantizer" : "synthesizer");
}

// The place of the later of two equal trials: its `include` entry, or its first value that differs
// from the other's.
std::string PlaceOf(const Assignment& trial, const Assignment& other, const std::string& fallback) {
  if (trial.origin != nullptr) return trial.origin->where;
  for (size_t i = 0; i < kTrialKeys; ++i) {
    if (trial.values[i] != nullptr && trial.values[i] != other.values[i]) {
      return trial.values[i]->where;
    }
  }
  return fallback;
}

Json ModelConfig(const Model& model) {
  Json config = {{"name", model.name},
                 {"arch", model.arch()},
                 {"weights", model.weights_sha256},
                 {"card", model.card_digest.empty() ? Json() : Json(model.card_digest)},
                 {"mean", model.mean},
                 {"std", model.std}};
  if (!model.weights_key.empty()) config["key"] = model.weights_key;
  return config;
}

// The whole configuration of a trial except its seeds, defaults included.
Json ResolvedConfig(const ResolvedTrial& trial) {
  Json config = {
      {"method", trial.method().name},
      {"bits", trial.bits().Config()},
      {"protocol", trial.protocol.fields},
      {"profile", trial.treatment.profile},
      {"variant", trial.treatment.variant},
      {"model", ModelConfig(trial.model)},
      {"dataset", {{"name", trial.images.name}, {"fingerprint", trial.images.test_fingerprint}}}};
  if (!trial.eval.is_null()) config["dataset"]["eval"] = trial.eval;
  for (const TrialStage& stage : trial.treatment.stages) {
    config["threads"][stage.kind->name] = stage.threads;
    if (const auto& role = stage.facts().runs) {
      config[ToString(*role)] = {{"name", stage.part->name()}, {"params", stage.all}};
    } else {
      config[stage.kind->name] = stage.all;
    }
  }
  return config;
}

std::shared_ptr<Configuration> ConfigurationOf(const ResolvedTrial& trial) {
  const Method& method = trial.method();
  auto configuration = std::make_shared<Configuration>();
  configuration->model = trial.model.name;
  configuration->dataset = trial.images.name;
  configuration->arch = trial.model.arch();
  configuration->method = method.name;
  if (method.synthesizer) configuration->synthesizer = method.synthesizer->name();
  configuration->quantizer = method.quantizer.name();
  configuration->w_bits = trial.bits().MeanWidth();
  configuration->a_bits = static_cast<double>(trial.bits().a);
  configuration->bits = trial.bits().name;
  configuration->protocol = trial.protocol.label;
  configuration->variant = trial.treatment.variant;
  configuration->resolved = ResolvedConfig(trial);
  return configuration;
}

int64_t Seeds::*SeedOf(const TrialStage& stage) {
  if (!stage.implementation().uses_seed) return nullptr;
  return stage.facts().set_by == KindFacts::SetBy::kSynthesizer ? &Seeds::synthesis
                                                                : &Seeds::quantize;
}

// Adds what a stage needs that reads images: the dataset, the fingerprint of a split, the resizing.
void ReadImages(const ResolvedTrial& trial, const std::string& fingerprint, StageDesign& design) {
  design.params["dataset"] = trial.images.name;
  design.params["data"] = fingerprint;
  design.files["data"] = trial.images.folder.string();
  if (!trial.eval.is_null()) design.params["eval"] = trial.eval;
}

// Checks the classes of a list of images against the model.
void CheckList(const Model& model, const DatasetFiles& images) {
  if (images.highest_class == ImageFolder::kNoLabel) return;
  if (model.output != OutputKind::kClasses) {
    FailAt(model.where, "{} gives classes, but the output of model {} is {}: leave the column out",
           images.highest_class_at, model.name, ToString(model.output));
  }
  try {
    RequireClassWithin(images.highest_class, images.highest_class_at, model.classes);
  } catch (const Error& error) {
    FailAt(model.where, "dataset {}: {}", images.name, error.what());
  }
}

void ReadWeights(const ResolvedTrial& trial, StageDesign& design) {
  const Model& model = trial.model;
  const DatasetFiles& images = trial.images;
  const bool is_listed = model.dataset->dataset().is_listed();
  if (is_listed) CheckList(model, images);
  if (!is_listed && model.classes > 0 && images.classes != model.classes) {
    FailAt(model.where, "model {} has {} classes, but the test images of {} in {} have {}",
           model.name, model.classes, images.name, images.folder.string(), images.classes);
  }
  design.params.update({{"arch", model.arch()},
                        {"classes", is_listed ? model.classes : images.classes},
                        {"weights", model.weights_sha256},
                        {"mean", model.mean},
                        {"std", model.std}});
  // The card's accuracy holds for images resized in the usual way.
  if (!model.top1.is_null() && trial.usual_eval && images.labelled)
    design.params["expected_top1"] = model.top1;
  if (model.output != OutputKind::kClasses) design.params["output"] = ToString(model.output);
  if (!model.weights_key.empty()) design.params["weights_key"] = model.weights_key;
  design.files["weights"] = model.weights.string();
}

}  // namespace

PlanBuilder::PlanBuilder(const Catalogue& catalogue, TrialResolver& resolver, Plan& plan,
                         size_t expected)
    : catalogue_(catalogue), resolver_(resolver), plan_(plan) {
  plan_.trials.reserve(expected);
  assignments_.reserve(expected);
  trials_.reserve(expected);
  plan_.stages.reserve(2 * expected);  // most trials share their teacher and images
  stages_.reserve(2 * expected);
}

size_t PlanBuilder::HashKey::operator()(const Key& key) const {
  size_t hash = key.family;
  const auto mix = [&](size_t value) { hash = (hash ^ value) * 0x9e3779b97f4a7c15; };
  mix(static_cast<size_t>(key.seed));
  for (size_t i = 0; i < key.inputs.size(); i += 2)
    mix(key.inputs[i] | static_cast<size_t>(key.inputs[i + 1]) << 32);
  return hash ^ (hash >> 32);
}

void PlanBuilder::Add(const Assignment& trial, const std::string& sweep_where) {
  const TrialDesign& design = DesignOf(trial, sweep_where);
  TrialRow row;
  row.configuration = design.configuration;
  row.seeds = resolver_.SeedsOf(trial);
  row.stages.reserve(design.stages.size());
  for (const SeedlessStage& stage : design.stages)
    row.stages.push_back(Place(stage, row.seeds, row.stages));
  const auto [known, is_new] = trials_.try_emplace(
      {design.family, 0, {static_cast<uint32_t>(row.stages.back())}}, plan_.trials.size());
  if (is_new) {
    row.id = TrialName(plan_.stages[row.stages.back()].name, design.id_tail);
    plan_.trials.push_back(std::move(row));
    assignments_.push_back(trial);
    return;
  }
  const TrialRow& there = plan_.trials[known->second];
  if (there.configuration->resolved == row.configuration->resolved && there.seeds == row.seeds) {
    const Assignment& first = assignments_[known->second];
    FailAt(PlaceOf(trial, first, sweep_where),
           "this trial ({} {} seed {} of {}) is there already (from {}), remove one",
           row.configuration->method, row.configuration->bits, row.seeds.synthesis,
           row.configuration->model, PlaceOf(first, trial, sweep_where));
  }
  ++duplicates_;
}

const PlanBuilder::TrialDesign& PlanBuilder::DesignOf(const Assignment& trial,
                                                      const std::string& sweep_where) {
  auto key = trial.values;
  key[static_cast<size_t>(TrialKey::kSeed)] = nullptr;
  const auto known = trial_designs_.find(key);
  if (known != trial_designs_.end()) return known->second;
  RequireComplete(trial, resolver_.TreatmentOf(trial), sweep_where);
  const ResolvedTrial resolved = resolver_.Resolve(trial);
  const Model& model = resolved.model;
  if (model.imported) plan_.work.AddNetwork(model.name, model.imported->model());
  CheckTrial(resolved, trial, catalogue_);
  return trial_designs_.emplace(key, MakeDesign(resolved)).first->second;
}

PlanBuilder::TrialDesign PlanBuilder::MakeDesign(const ResolvedTrial& trial) {
  TrialDesign design;
  design.configuration = ConfigurationOf(trial);
  design.id_tail = TrialTail(*design.configuration);
  design.family = FamilyOf(design.id_tail);
  for (const TrialStage& stage : trial.treatment.stages) {
    StageDesign of_stage = DesignOf(trial, stage);
    AddCheck(trial, stage, of_stage);
    design.stages.push_back(
        {&Intern(std::move(of_stage)), SeedOf(stage), stage.inputs, stage.where});
  }
  return design;
}

StageDesign PlanBuilder::DesignOf(const ResolvedTrial& trial, const TrialStage& stage) {
  StageDesign design{.kind = stage.kind->name,
                     .implementation = stage.implementation().name,
                     .revision = stage.implementation().revision,
                     .params = stage.named,
                     .roles = stage.roles,
                     .threads = stage.threads,
                     .needs = stage.needs};
  const KindFacts& facts = stage.facts();
  if (facts.reads_weights) ReadWeights(trial, design);
  if (facts.reads_test_images) ReadImages(trial, trial.images.test_fingerprint, design);
  if (stage.part != nullptr) design.params["name"] = stage.part->name();
  if (stage.part != nullptr && stage.part->declaration->Needs("real_data"))
    ReadImages(trial, resolver_.CalibrationOf(trial), design);
  if (facts.runs == Role::kQuantizer) {
    design.params.update(
        {{"w_bits", trial.bits().StageParam()},
         {"a_bits", trial.bits().a},
         {"protocol", ProtocolOfStage(trial.protocol.fields, design.kind, catalogue_)}});
  }
  return design;
}

void PlanBuilder::AddCheck(const ResolvedTrial& trial, const TrialStage& stage,
                           const StageDesign& design) {
  if (!design.files.contains("data")) return;
  const bool test_images = stage.facts().reads_test_images;
  if (test_images && !stage.facts().reads_weights) return;  // the teacher's check covers them
  InputCheck check;
  check.where = trial.model.where;
  check.split = test_images ? "test" : "calibration";
  for (const char* name : {"arch", "classes", "output", "weights", "weights_key", "mean", "std",
                           "dataset", "data", "eval"}) {
    if (design.params.contains(name)) check.params[name] = design.params[name];
  }
  check.files = design.files;
  const std::string text = CanonicalJson({check.split, check.params, check.files});
  if (!checked_.insert(text).second) return;
  for (const std::string& note : trial.model.notes) {
    const std::string warning = check.where + ": " + note;
    if (checked_.insert(warning).second) plan_.warnings.push_back(warning);
  }
  plan_.checks.push_back(std::move(check));
}

size_t PlanBuilder::FamilyOf(const std::string& text) {
  return families_.try_emplace(text, families_.size()).first->second;
}

const PlanBuilder::Design& PlanBuilder::Intern(StageDesign design) {
  const ResourceRequest& needs = design.needs;
  const std::string in_names =
      CanonicalJson({design.kind, design.revision, design.params, design.roles});
  const std::string whole =
      in_names + CanonicalJson({design.implementation, design.files, design.threads, needs.ranks,
                                needs.gpu, needs.cpus, needs.memory, needs.time});
  const auto known = designs_.find(whole);
  if (known != designs_.end()) return known->second;
  StageText text(design);
  auto shared = std::make_shared<const StageDesign>(std::move(design));
  return designs_.emplace(whole, Design{std::move(shared), std::move(text), FamilyOf(in_names)})
      .first->second;
}

size_t PlanBuilder::Place(const SeedlessStage& stage, const Seeds& seeds,
                          const std::vector<size_t>& earlier) {
  Key key{stage.design->family, stage.seed == nullptr ? 0 : seeds.*stage.seed, {}};
  for (size_t i = 0; i < stage.inputs.size(); ++i)
    key.inputs.at(i) = static_cast<uint32_t>(earlier[stage.inputs[i]]);
  const auto [known, is_new] = stages_.try_emplace(key, plan_.stages.size());
  if (is_new) {
    const auto* inputs = key.inputs.data();
    PlaceNew(stage, seeds, {inputs, inputs + stage.inputs.size()});
  } else {
    CheckShared(*plan_.stages[known->second].design, stage);
  }
  return known->second;
}

void PlanBuilder::PlaceNew(const SeedlessStage& stage, const Seeds& seeds,
                           std::vector<size_t> inputs) {
  std::optional<int64_t> seed;
  if (stage.seed != nullptr) seed = seeds.*stage.seed;
  std::vector<std::string_view> names;
  for (const size_t input : inputs) names.push_back(plan_.stages[input].name);
  std::string name = stage.design->text.Name(seed, names);
  plan_.stages.push_back({std::move(name), stage.design->design, seed, std::move(inputs)});
}

void PlanBuilder::CheckShared(const StageDesign& first, const SeedlessStage& stage) {
  const StageDesign& design = *stage.design->design;
  if (&first == &design) return;
  if (first.threads != design.threads) {
    FailAt(stage.where,
           "trials that share a {} stage ask for {} and {} threads: give one number for both",
           design.kind, first.threads, design.threads);
  }
  if (first.needs != design.needs) {
    FailAt(stage.where,
           "trials that share a {} stage ask for {} and for {}: give both the same resources",
           design.kind, ToString(first.needs), ToString(design.needs));
  }
}

}  // namespace zerosweep
