#include "sweeps/plan_builder.h"

#include <algorithm>

#include "sweeps/trial_limits.h"

namespace zerosweep {
namespace {

void RequireComplete(const Assignment& trial, const Method* method,
                     const std::string& sweep_where) {
  const std::string& where = trial.origin != nullptr ? trial.origin->where : sweep_where;
  for (const TrialKey key : {TrialKey::kModel, TrialKey::kBits}) {
    if (trial.Get(key) == nullptr) {
      FailAt(where, "a trial has no {}: give it under fixed, grid, zip or include", NameOf(key));
    }
  }
  if (method != nullptr) return;
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

// Where the later of two trials was written: its `include` entry, or the value that it does not
// have in common with the other.
std::string PlaceOf(const Assignment& trial, const Assignment& other, const std::string& fallback) {
  if (trial.origin != nullptr) return trial.origin->where;
  for (size_t i = 0; i < kTrialKeys; ++i) {
    if (trial.values[i] != nullptr && trial.values[i] != other.values[i]) {
      return trial.values[i]->where;
    }
  }
  return fallback;
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
  for (const size_t input : key.inputs) mix(input);
  return hash ^ (hash >> 32);
}

void PlanBuilder::Add(const Assignment& trial, const std::string& sweep_where) {
  const TrialDesign& design = DesignOf(trial, sweep_where);
  TrialRow row;
  row.configuration = design.configuration;
  row.seeds = resolver_.SeedsOf(trial);
  row.stages.reserve(design.stages.size());
  for (const TrialStage& stage : design.stages)
    row.stages.push_back(Place(stage, row.seeds, row.stages));
  const auto [known, is_new] =
      trials_.try_emplace({design.family, 0, {row.stages.back()}}, plan_.trials.size());
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
  ++coincidences_;
}

const PlanBuilder::TrialDesign& PlanBuilder::DesignOf(const Assignment& trial,
                                                      const std::string& sweep_where) {
  auto key = trial.values;
  key[static_cast<size_t>(TrialKey::kSeed)] = nullptr;
  const auto known = trial_designs_.find(key);
  if (known != trial_designs_.end()) return known->second;
  const Method* method = resolver_.MethodOf(trial);
  RequireComplete(trial, method, sweep_where);
  CheckTrial(trial, *method, resolver_);
  return trial_designs_.emplace(key, MakeDesign(trial, *method)).first->second;
}

PlanBuilder::TrialDesign PlanBuilder::MakeDesign(const Assignment& trial, const Method& method) {
  const Bits& bits = *resolver_.BitsOf(trial);
  const bool corrects = Needs(*method.quantizer.declaration, "correction");
  TrialDesign design;
  design.configuration = std::make_shared<Configuration>();
  Configuration& configuration = *design.configuration;
  configuration.model = resolver_.ModelOf(trial)->name;
  configuration.dataset = resolver_.DataOf(trial).name;
  configuration.method = method.name;
  if (method.synthesizer) configuration.synthesizer = method.synthesizer->name();
  configuration.quantizer = method.quantizer.name();
  configuration.w_bits = bits.MeanWidth();
  configuration.a_bits = static_cast<double>(bits.a);
  configuration.bits = bits.name;
  configuration.protocol = resolver_.ProtocolOf(trial).label;
  configuration.variant = resolver_.ExecutionOf(trial).variant;
  configuration.resolved = Resolved(trial, corrects);
  design.id_tail = TrialTail(configuration);
  design.family = FamilyOf(design.id_tail);

  const auto seed_of = [](const Part& part, int64_t Seeds::*seed) {
    return part.declaration->at("uses_seed") ? seed : nullptr;
  };
  AddStage(Teacher(trial), nullptr, {}, method.where, design);
  AddCheck(*design.stages.back().design->design, trial);
  std::map<std::string, std::string> inputs = {{"teacher", "teacher"}};
  if (method.synthesizer) {
    AddStage(Synthesize(trial, *method.synthesizer),
             seed_of(*method.synthesizer, &Seeds::synthesis), inputs, method.synthesizer->where,
             design);
    AddCheck(*design.stages.back().design->design, trial);
    inputs["images"] = "synthesize";
  }
  const auto images = inputs;
  if (bits.mixed()) {
    AddStage(OfKind("sensitivity", resolver_.KindParams(trial, "sensitivity")), nullptr, images,
             trial.Get(TrialKey::kBits)->where, design);
    inputs["sensitivity"] = "sensitivity";
  }
  if (corrects) {
    AddStage(OfKind("correct", resolver_.PartParams(trial, "correct")), nullptr, images,
             method.quantizer.where, design);
    inputs["correction"] = "correct";
  }
  AddStage(Quantize(trial), seed_of(method.quantizer, &Seeds::quantize), inputs,
           method.quantizer.where, design);
  AddCheck(*design.stages.back().design->design, trial);
  AddStage(Evaluate(trial), nullptr, {{"teacher", "teacher"}, {"quantized", "quantize"}},
           method.where, design);
  return design;
}

void PlanBuilder::AddStage(StageDesign design, int64_t Seeds::*seed,
                           const std::map<std::string, std::string>& inputs,
                           const std::string& where, TrialDesign& trial) {
  TrialStage stage{nullptr, seed, {}, where};
  for (const auto& [role, kind] : inputs) {
    design.roles.push_back(role);
    const auto source = std::find_if(
        trial.stages.begin(), trial.stages.end(),
        [&](const TrialStage& earlier) { return earlier.design->design->kind == kind; });
    stage.inputs.push_back(static_cast<size_t>(source - trial.stages.begin()));
  }
  stage.design = &Intern(std::move(design));
  trial.stages.push_back(std::move(stage));
}

void PlanBuilder::AddCheck(const StageDesign& stage, const Assignment& trial) {
  if (!stage.files.contains("data")) return;
  InputCheck check;
  check.where = resolver_.ModelOf(trial)->where;
  check.split = stage.kind == "teacher" ? "test" : "calibration";
  for (const char* name :
       {"arch", "classes", "weights", "weights_key", "mean", "std", "dataset", "data", "eval"}) {
    if (stage.params.contains(name)) check.params[name] = stage.params[name];
  }
  check.files = stage.files;
  const std::string text = CanonicalJson({check.split, check.params, check.files});
  if (!checked_.insert(text).second) return;
  for (const std::string& note : resolver_.ModelOf(trial)->notes) {
    const std::string warning = check.where + ": " + note;
    if (checked_.insert(warning).second) plan_.warnings.push_back(warning);
  }
  plan_.checks.push_back(std::move(check));
}

size_t PlanBuilder::FamilyOf(const std::string& text) {
  return families_.try_emplace(text, families_.size()).first->second;
}

const PlanBuilder::Design& PlanBuilder::Intern(StageDesign design) {
  const StageNeeds& needs = design.needs;
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

size_t PlanBuilder::Place(const TrialStage& stage, const Seeds& seeds,
                          const std::vector<size_t>& earlier) {
  Key key{stage.design->family, stage.seed == nullptr ? 0 : seeds.*stage.seed, {}};
  for (size_t i = 0; i < stage.inputs.size(); ++i) key.inputs.at(i) = earlier[stage.inputs[i]];
  const auto [known, is_new] = stages_.try_emplace(key, plan_.stages.size());
  if (is_new) {
    const auto* inputs = key.inputs.data();
    PlaceNew(stage, seeds, {inputs, inputs + stage.inputs.size()});
  } else {
    CheckShared(*plan_.stages[known->second].design, stage);
  }
  return known->second;
}

void PlanBuilder::PlaceNew(const TrialStage& stage, const Seeds& seeds,
                           std::vector<size_t> inputs) {
  std::optional<int64_t> seed;
  if (stage.seed != nullptr) seed = seeds.*stage.seed;
  std::vector<std::string_view> names;
  for (const size_t input : inputs) names.push_back(plan_.stages[input].name);
  std::string name = stage.design->text.Name(seed, names);
  plan_.stages.push_back({std::move(name), stage.design->design, seed, std::move(inputs)});
}

void PlanBuilder::CheckShared(const StageDesign& first, const TrialStage& stage) {
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

void PlanBuilder::ReadsData(const Assignment& trial, const std::string& fingerprint,
                            StageDesign& stage) {
  const DatasetFiles& data = resolver_.DataOf(trial);
  stage.params["dataset"] = data.name;
  stage.params["data"] = fingerprint;
  stage.files["data"] = data.folder.string();
  Json eval = resolver_.EvalOf(trial);
  if (!eval.is_null()) stage.params["eval"] = std::move(eval);
}

void PlanBuilder::ReadsRealData(const Assignment& trial, const Part& part, StageDesign& stage) {
  if (Needs(*part.declaration, "real_data"))
    ReadsData(trial, resolver_.CalibrationOf(trial), stage);
}

StageDesign PlanBuilder::OfKind(const std::string& kind, const StageParams& params) const {
  StageDesign stage;
  stage.kind = stage.implementation = kind;
  stage.revision = catalogue_.Get("kind", kind, "catalogue").at("revision");
  stage.params = params.named;
  stage.threads = params.threads;
  stage.needs = params.needs;
  return stage;
}

StageDesign PlanBuilder::OfPart(const std::string& kind, const StageParams& params,
                                const Part& part) const {
  StageDesign stage = OfKind(kind, params);
  stage.implementation = part.name();
  stage.revision = part.declaration->at("revision");
  stage.params["name"] = part.name();
  return stage;
}

StageDesign PlanBuilder::Teacher(const Assignment& trial) {
  const Model& model = *resolver_.ModelOf(trial);
  const DatasetFiles& data = resolver_.DataOf(trial);
  if (model.classes > 0 && data.classes != model.classes) {
    FailAt(model.where, "model {} has {} classes, but the test images of {} in {} have {}",
           model.name, model.classes, data.name, data.folder.string(), data.classes);
  }
  StageDesign stage = OfKind("teacher", resolver_.KindParams(trial, "teacher"));
  stage.params.update({{"arch", model.arch()},
                       {"classes", data.classes},
                       {"weights", model.weights_sha256},
                       {"mean", model.mean},
                       {"std", model.std}});
  // The card's accuracy is that of images resized in the usual way.
  if (!model.top1.is_null() && resolver_.UsualEval(trial))
    stage.params["expected_top1"] = model.top1;
  if (!model.weights_key.empty()) stage.params["weights_key"] = model.weights_key;
  stage.files["weights"] = model.weights.string();
  ReadsData(trial, data.test_fingerprint, stage);
  return stage;
}

StageDesign PlanBuilder::Synthesize(const Assignment& trial, const Part& part) {
  StageDesign stage = OfPart("synthesize", resolver_.PartParams(trial, "synthesize"), part);
  ReadsRealData(trial, part, stage);
  return stage;
}

StageDesign PlanBuilder::Quantize(const Assignment& trial) {
  const Bits& bits = *resolver_.BitsOf(trial);
  const Part& part = resolver_.MethodOf(trial)->quantizer;
  StageDesign stage = OfPart("quantize", resolver_.PartParams(trial, "quantize"), part);
  ReadsRealData(trial, part, stage);
  stage.params.update(
      {{"w_bits", bits.StageParam()},
       {"a_bits", bits.a},
       {"protocol", ProtocolOfStage(resolver_.ProtocolOf(trial).fields, "quantize", catalogue_)}});
  return stage;
}

StageDesign PlanBuilder::Evaluate(const Assignment& trial) {
  StageDesign stage = OfKind("evaluate", resolver_.KindParams(trial, "evaluate"));
  ReadsData(trial, resolver_.DataOf(trial).test_fingerprint, stage);
  return stage;
}

Json PlanBuilder::Resolved(const Assignment& trial, bool corrects) {
  const Method& method = *resolver_.MethodOf(trial);
  const Model& model = *resolver_.ModelOf(trial);
  const DatasetFiles& data = resolver_.DataOf(trial);
  const Bits& bits = *resolver_.BitsOf(trial);
  const Execution execution = resolver_.ExecutionOf(trial);
  const StageParams& quantize = resolver_.PartParams(trial, "quantize");
  const StageParams& evaluate = resolver_.KindParams(trial, "evaluate");
  const StageParams& teacher = resolver_.KindParams(trial, "teacher");
  Json config;
  config["method"] = method.name;
  config["quantizer"] = {{"name", method.quantizer.name()}, {"params", quantize.all}};
  config["bits"] = bits.Config();
  config["protocol"] = resolver_.ProtocolOf(trial).fields;
  config["profile"] = execution.profile;
  config["variant"] = execution.variant;
  config["evaluate"] = evaluate.all;
  config["teacher"] = teacher.all;
  config["model"] = {{"name", model.name},
                     {"arch", model.arch()},
                     {"weights", model.weights_sha256},
                     {"card", model.card_digest.empty() ? Json() : Json(model.card_digest)},
                     {"mean", model.mean},
                     {"std", model.std}};
  if (!model.weights_key.empty()) config["model"]["key"] = model.weights_key;
  config["dataset"] = {{"name", data.name}, {"fingerprint", data.test_fingerprint}};
  if (const Json eval = resolver_.EvalOf(trial); !eval.is_null()) config["dataset"]["eval"] = eval;
  config["threads"] = {
      {"teacher", teacher.threads}, {"quantize", quantize.threads}, {"evaluate", evaluate.threads}};
  if (method.synthesizer) {
    const StageParams& synthesize = resolver_.PartParams(trial, "synthesize");
    config["synthesizer"] = {{"name", method.synthesizer->name()}, {"params", synthesize.all}};
    config["threads"]["synthesize"] = synthesize.threads;
  }
  if (bits.mixed()) {
    const StageParams& sensitivity = resolver_.KindParams(trial, "sensitivity");
    config["sensitivity"] = sensitivity.all;
    config["threads"]["sensitivity"] = sensitivity.threads;
  }
  if (corrects) {
    const StageParams& correct = resolver_.PartParams(trial, "correct");
    config["correct"] = correct.all;
    config["threads"]["correct"] = correct.threads;
  }
  return config;
}

}  // namespace zerosweep
