#include "sweeps/plan_builder.h"

#include <algorithm>

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
  trial_index_.reserve(expected);
  stage_index_.reserve(2 * expected);  // most trials share their teacher and images
}

void PlanBuilder::Add(const Assignment& trial, const std::string& sweep_where) {
  const Method* method = resolver_.MethodOf(trial);
  RequireComplete(trial, method, sweep_where);
  CheckNeeds(trial, *method);
  const Bits& bits = *resolver_.BitsOf(trial);
  const Protocol& protocol = resolver_.ProtocolOf(trial);
  TrialRow row;
  row.model = resolver_.ModelOf(trial)->name;
  row.dataset = resolver_.DataOf(trial).name;
  row.method = method->name;
  row.synthesizer = method->synthesizer.name();
  row.quantizer = method->quantizer.name();
  row.w_bits = bits.MeanWidth();
  row.a_bits = static_cast<double>(bits.a);
  row.bits = bits.name;
  row.seed = resolver_.SeedsOf(trial).synthesis;
  row.protocol = protocol.label;
  row.variant = resolver_.ExecutionOf(trial).variant;
  KeepTeacher(trial, *method, row);
  KeepSynthesis(trial, *method, row);
  if (bits.mixed()) {
    Keep(OfImages("sensitivity", resolver_.KindParams(trial, "sensitivity"), row),
         trial.Get(TrialKey::kBits)->where, row);
  }
  if (Needs(*method->quantizer.declaration, "correction")) {
    Keep(OfImages("correct", resolver_.PartParams(trial, "correct"), row), method->quantizer.where,
         row);
  }
  Keep(Quantize(trial, row), method->quantizer.where, row);
  Keep(Evaluate(trial, row), method->where, row);
  row.id = JsonDigest({{"method", row.method},
                       {"variant", row.variant},
                       {"protocol", row.protocol},
                       {"evaluate", row.stages.at("evaluate")}});
  row.config = Config(trial, row);
  const Seeds seeds = resolver_.SeedsOf(trial);
  row.seeds = {{"synthesis", seeds.synthesis}, {"quantize", seeds.quantize}};
  const auto [known, is_new] = trial_index_.emplace(row.id, std::pair(plan_.trials.size(), trial));
  if (is_new) {
    plan_.trials.push_back(std::move(row));
    return;
  }
  const auto& [index, first] = known->second;
  const TrialRow& there = plan_.trials[index];
  if (*there.config == *row.config && there.seeds == row.seeds) {
    FailAt(PlaceOf(trial, first, sweep_where),
           "this trial ({} {} seed {} of {}) is there already (from {}), remove one", row.method,
           row.bits, row.seed, row.model, PlaceOf(first, trial, sweep_where));
  }
  ++coincidences_;
}

void PlanBuilder::CheckNeeds(const Assignment& trial, const Method& method) {
  const Model& model = *resolver_.ModelOf(trial);
  for (const Part* part : {&method.synthesizer, &method.quantizer}) {
    if (Needs(*part->declaration, "batch_norm") &&
        model.architecture->at("facts").value("batch_norms", 1) == 0) {
      FailAt(part->where, "{} needs batch norms, but {} has none: exclude this pair", part->name(),
             model.arch());
    }
    if (!Needs(*part->declaration, "real_data")) continue;
    const DatasetFiles& data = resolver_.DataOf(trial);
    if (!data.splits.contains("train") && !data.splits.contains("calibration")) {
      FailAt(part->where,
             "{} needs real images, but {} holds no training or calibration images of "
             "dataset {}",
             part->name(), data.folder.string(), data.name);
    }
  }
}

void PlanBuilder::TakeResources(const StageParams& params, StageRow& stage) {
  stage.threads = params.threads;
  stage.needs = params.needs;
}

void PlanBuilder::Keep(StageRow stage, const std::string& where, TrialRow& row) {
  stage.spec.name = stage.spec.ComputeName();
  row.stages[stage.spec.kind] = stage.spec.name;
  const auto [known, is_new] = stage_index_.emplace(stage.spec.name, plan_.stages.size());
  if (is_new) {
    plan_.stages.push_back(std::move(stage));
    return;
  }
  const StageRow& first = plan_.stages[known->second];
  if (first.threads != stage.threads) {
    FailAt(where,
           "trials that share a {} stage ask for {} and {} threads: give one number for both",
           stage.spec.kind, first.threads, stage.threads);
  }
  if (first.needs != stage.needs) {
    FailAt(where,
           "trials that share a {} stage ask for {} and for {}: give both the same resources",
           stage.spec.kind, ToString(first.needs), ToString(stage.needs));
  }
}

void PlanBuilder::KeepTeacher(const Assignment& trial, const Method& method, TrialRow& row) {
  std::string& name = teachers_[{resolver_.ModelOf(trial), &resolver_.DataOf(trial),
                                 &resolver_.KindParams(trial, "teacher"), resolver_.EvalOf(trial)}];
  if (name.empty()) {
    Keep(Teacher(trial), method.where, row);
    name = row.stages.at("teacher");
  }
  row.stages["teacher"] = name;
}

void PlanBuilder::KeepSynthesis(const Assignment& trial, const Method& method, TrialRow& row) {
  std::string& name =
      syntheses_[{row.stages.at("teacher"), &method, &resolver_.PartParams(trial, "synthesize"),
                  &resolver_.DataOf(trial), resolver_.SeedsOf(trial).synthesis}];
  if (name.empty()) {
    Keep(Synthesize(trial, row), method.synthesizer.where, row);
    name = row.stages.at("synthesize");
  }
  row.stages["synthesize"] = name;
}

void PlanBuilder::ReadsData(const Assignment& trial, const std::string& fingerprint,
                            StageRow& stage) {
  const DatasetFiles& data = resolver_.DataOf(trial);
  stage.spec.params["dataset"] = data.name;
  stage.spec.params["data"] = fingerprint;
  stage.files["data"] = data.folder.string();
  Json eval = resolver_.EvalOf(trial);
  if (!eval.is_null()) stage.spec.params["eval"] = std::move(eval);
}

StageRow PlanBuilder::Teacher(const Assignment& trial) {
  const Model& model = *resolver_.ModelOf(trial);
  const DatasetFiles& data = resolver_.DataOf(trial);
  if (data.classes != model.classes) {
    FailAt(model.where, "model {} has {} classes, but the test images of {} in {} have {}",
           model.name, model.classes, data.name, data.folder.string(), data.classes);
  }
  const StageParams& params = resolver_.KindParams(trial, "teacher");
  StageRow stage;
  stage.implementation = stage.spec.kind = "teacher";
  stage.spec.revision = catalogue_.Get("kind", "teacher", "catalogue").at("revision");
  stage.spec.params = params.named;
  stage.spec.params.update({{"arch", model.arch()},
                            {"classes", model.classes},
                            {"weights", model.weights_sha256},
                            {"mean", model.mean},
                            {"std", model.std}});
  // The card's accuracy is that of images resized in the usual way.
  if (!model.top1.is_null() && resolver_.UsualEval(trial))
    stage.spec.params["expected_top1"] = model.top1;
  stage.files["weights"] = model.weights.string();
  ReadsData(trial, data.test_fingerprint, stage);
  TakeResources(params, stage);
  return stage;
}

StageRow PlanBuilder::Synthesize(const Assignment& trial, const TrialRow& row) {
  const Json& declaration = *resolver_.MethodOf(trial)->synthesizer.declaration;
  const StageParams& params = resolver_.PartParams(trial, "synthesize");
  StageRow stage;
  stage.spec.kind = "synthesize";
  stage.implementation = row.synthesizer;
  stage.spec.revision = declaration.at("revision");
  stage.spec.params = params.named;
  stage.spec.params["name"] = row.synthesizer;
  if (declaration.at("uses_seed")) {
    stage.spec.params["seed"] = resolver_.SeedsOf(trial).synthesis;
  }
  if (Needs(declaration, "real_data")) ReadsData(trial, resolver_.CalibrationOf(trial), stage);
  stage.spec.inputs = {{"teacher", row.stages.at("teacher")}};
  TakeResources(params, stage);
  return stage;
}

StageRow PlanBuilder::OfImages(const std::string& kind, const StageParams& params,
                               const TrialRow& row) {
  StageRow stage;
  stage.implementation = stage.spec.kind = kind;
  stage.spec.revision = catalogue_.Get("kind", kind, "catalogue").at("revision");
  stage.spec.params = params.named;
  stage.spec.inputs = {{"teacher", row.stages.at("teacher")},
                       {"images", row.stages.at("synthesize")}};
  TakeResources(params, stage);
  return stage;
}

StageRow PlanBuilder::Quantize(const Assignment& trial, const TrialRow& row) {
  const Json& declaration = *resolver_.MethodOf(trial)->quantizer.declaration;
  const StageParams& params = resolver_.PartParams(trial, "quantize");
  const Bits& bits = *resolver_.BitsOf(trial);
  StageRow stage;
  stage.spec.kind = "quantize";
  stage.implementation = row.quantizer;
  stage.spec.revision = declaration.at("revision");
  stage.spec.params = params.named;
  stage.spec.params.update(
      {{"name", row.quantizer},
       {"w_bits", bits.StageParam()},
       {"a_bits", bits.a},
       {"protocol", ProtocolOfStage(resolver_.ProtocolOf(trial).fields, "quantize", catalogue_)}});
  if (declaration.at("uses_seed")) stage.spec.params["seed"] = resolver_.SeedsOf(trial).quantize;
  stage.spec.inputs = {{"teacher", row.stages.at("teacher")},
                       {"images", row.stages.at("synthesize")}};
  if (bits.mixed()) stage.spec.inputs["sensitivity"] = row.stages.at("sensitivity");
  if (row.stages.contains("correct")) stage.spec.inputs["correction"] = row.stages.at("correct");
  TakeResources(params, stage);
  return stage;
}

StageRow PlanBuilder::Evaluate(const Assignment& trial, const TrialRow& row) {
  const StageParams& params = resolver_.KindParams(trial, "evaluate");
  StageRow stage;
  stage.implementation = stage.spec.kind = "evaluate";
  stage.spec.revision = catalogue_.Get("kind", "evaluate", "catalogue").at("revision");
  stage.spec.params = params.named;
  ReadsData(trial, resolver_.DataOf(trial).test_fingerprint, stage);
  stage.spec.inputs = {{"teacher", row.stages.at("teacher")},
                       {"quantized", row.stages.at("quantize")}};
  TakeResources(params, stage);
  return stage;
}

std::shared_ptr<const Json> PlanBuilder::Config(const Assignment& trial, const TrialRow& row) {
  auto key = trial.values;
  key[static_cast<size_t>(TrialKey::kSeed)] = nullptr;
  std::shared_ptr<const Json>& config = configs_[key];
  if (!config) config = std::make_shared<const Json>(MakeConfig(trial, row));
  return config;
}

Json PlanBuilder::MakeConfig(const Assignment& trial, const TrialRow& row) {
  const Model& model = *resolver_.ModelOf(trial);
  const DatasetFiles& data = resolver_.DataOf(trial);
  const Bits& bits = *resolver_.BitsOf(trial);
  const Execution execution = resolver_.ExecutionOf(trial);
  const StageParams& synthesize = resolver_.PartParams(trial, "synthesize");
  const StageParams& quantize = resolver_.PartParams(trial, "quantize");
  const StageParams& evaluate = resolver_.KindParams(trial, "evaluate");
  const StageParams& teacher = resolver_.KindParams(trial, "teacher");
  Json config;
  config["method"] = row.method;
  config["synthesizer"] = {{"name", row.synthesizer}, {"params", synthesize.all}};
  config["quantizer"] = {{"name", row.quantizer}, {"params", quantize.all}};
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
  config["dataset"] = {{"name", data.name}, {"fingerprint", data.test_fingerprint}};
  if (const Json eval = resolver_.EvalOf(trial); !eval.is_null()) config["dataset"]["eval"] = eval;
  config["threads"] = {{"teacher", teacher.threads},
                       {"synthesize", synthesize.threads},
                       {"quantize", quantize.threads},
                       {"evaluate", evaluate.threads}};
  if (bits.mixed()) {
    const StageParams& sensitivity = resolver_.KindParams(trial, "sensitivity");
    config["sensitivity"] = sensitivity.all;
    config["threads"]["sensitivity"] = sensitivity.threads;
  }
  if (row.stages.contains("correct")) {
    const StageParams& correct = resolver_.PartParams(trial, "correct");
    config["correct"] = correct.all;
    config["threads"]["correct"] = correct.threads;
  }
  return config;
}

}  // namespace zerosweep
