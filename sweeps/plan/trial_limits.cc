#include "sweeps/plan/trial_limits.h"

#include <algorithm>

#include "base/name_pattern.h"
#include "base/text.h"
#include "contract/dataset_files.h"
#include "contract/limits.h"

namespace zerosweep {
namespace {

constexpr size_t kShownNames = 5;

// The side, in pixels, of the images that the network gets.
int64_t SideOf(const ResolvedTrial& trial) {
  if (trial.eval.contains("height"))
    return std::min(trial.eval["height"].get<int64_t>(), trial.eval["width"].get<int64_t>());
  if (!trial.eval.is_null()) return trial.eval["crop"];
  return trial.model.dataset->dataset().shape[1];
}

void CheckModel(const ResolvedTrial& trial, const Json& model) {
  const Declaration& architecture = *trial.model.architecture;
  const Json side = {{"side", SideOf(trial)}};
  const auto refusal = Refusal(architecture.limits, {{"model", &model}, {"trial", &side}});
  if (refusal) FailAt(trial.model.where, "{}: {}", architecture.name, *refusal);
}

// Whether the synthesizer makes images for given classes, as its declaration says.
bool MakesLabels(const TrialStage& synthesize) {
  const auto& labels = synthesize.part->declaration->method().labels;
  return labels && AllHold(*labels, {{"param", &synthesize.all}});
}

void CheckPart(const ResolvedTrial& trial, const TrialStage& stage, const Json& model) {
  const Declaration& part = *stage.part->declaration;
  if (part.limits.empty()) return;
  Json known = {{"side", SideOf(trial)}, {"a_bits", trial.bits().a}};
  if (stage.facts().runs == Role::kQuantizer)
    for (const TrialStage& other : trial.treatment.stages)
      if (other.facts().runs == Role::kSynthesizer) known["labelled"] = MakesLabels(other);
  const auto refusal = Refusal(part.limits, {{"param", &stage.all},
                                             {"protocol", &trial.protocol.fields},
                                             {"model", &model},
                                             {"trial", &known}});
  if (refusal) FailAt(stage.where, "{} on {}: {}", part.name, trial.model.network(), *refusal);
}

// Checks a stage that runs its kind's own code. `evaluate`: that block of the trial, or null.
void CheckKind(const ResolvedTrial& trial, const TrialStage& stage, const YamlNode* evaluate) {
  const Declaration& kind = *stage.kind;
  if (kind.limits.empty()) return;
  const Json known = {{"w_bits", trial.bits().w}, {"a_bits", trial.bits().a}};
  LimitFacts facts = {{"param", &stage.all}, {"trial", &known}};
  for (const TrialStage& other : trial.treatment.stages)
    if (other.facts().runs == Role::kQuantizer) facts["quantizer"] = &other.all;
  const auto refusal = Refusal(kind.limits, facts);
  if (!refusal) return;
  const bool in_block = evaluate != nullptr && kind.kind().set_by == KindFacts::SetBy::kEvaluate;
  FailAt(in_block ? evaluate->where : stage.where, "{} on {}: {}", kind.name, trial.model.network(),
         *refusal);
}

// Checks the trial's `ranks`; the `ranks` of a part's own block was checked with the block.
void CheckRanksOfTrial(const TrialStage& stage, const Assignment& assignment,
                       const Catalogue& catalogue) {
  const YamlNode* ranks = assignment.Get(TrialKey::kRanks);
  if (ranks != nullptr && stage.needs.ranks > 1)
    CheckGroups(*stage.part->declaration, *stage.facts().runs, *ranks, catalogue);
}

void CheckRealData(const ResolvedTrial& trial, const Part& part) {
  if (!part.declaration->Needs("real_data")) return;
  const DatasetFiles& data = trial.images;
  const DatasetFacts& facts = trial.model.dataset->dataset();
  if (HasSplit(data.splits, "calibration", facts)) return;
  FailAt(part.where,
         "{} needs real images, but {} holds no training or calibration images of dataset {}{}",
         part.name(), data.folder.string(), data.name,
         facts.is_listed() ? ": put some into its folder calibration/, or name them in " +
                                 facts.lists.at("calibration")
                           : "");
}

// `exclude` of the protocol must be a regular expression that names something.
void CheckExcluded(const ResolvedTrial& trial, const Assignment& assignment) {
  const auto exclude = trial.protocol.fields.value("exclude", std::string());
  if (exclude.empty()) return;
  const YamlNode* given = assignment.Get(TrialKey::kProtocol);
  const YamlNode* field = given != nullptr ? given->Find("exclude") : nullptr;
  const std::string& where = field != nullptr ? field->where : trial.model.where;
  std::vector<std::string> names = trial.model.architecture->model().weighted;
  try {
    const NamePattern pattern(exclude);
    if (std::ranges::any_of(names, [&](const auto& name) { return pattern.FoundIn(name); })) return;
  } catch (const Error& error) {
    FailAt(where, "exclude {}", error.what());
  }
  const size_t all = names.size();
  names.resize(std::min(all, kShownNames));
  FailAt(where, "exclude '{}' matches none of the {} convolutions and linear layers of {}: {} …",
         exclude, all, trial.model.network(), Join(names, ", "));
}

// Mixed precision chooses the bits on images, so these must exist before the quantizer runs.
void CheckMixedPrecision(const ResolvedTrial& trial, const YamlNode& bits) {
  if (!trial.bits().mixed() || trial.method().synthesizer) return;
  FailAt(bits.where,
         "{} is mixed precision, which is chosen on images, but {} makes its own while it "
         "quantizes: give widths, or the bits of each layer",
         bits.Shown(), trial.method().name);
}

}  // namespace

void CheckTrial(const ResolvedTrial& trial, const Assignment& assignment,
                const Catalogue& catalogue) {
  const Json model = ToJson(trial.model.architecture->model());
  CheckModel(trial, model);
  CheckExcluded(trial, assignment);
  for (const TrialStage& stage : trial.treatment.stages) {
    if (stage.part == nullptr) {
      CheckKind(trial, stage, assignment.Get(TrialKey::kEvaluate));
      continue;
    }
    CheckRanksOfTrial(stage, assignment, catalogue);
    CheckPart(trial, stage, model);
    CheckRealData(trial, *stage.part);
  }
  CheckMixedPrecision(trial, *assignment.Get(TrialKey::kBits));
}

}  // namespace zerosweep
