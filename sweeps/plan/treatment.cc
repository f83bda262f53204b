#include "sweeps/plan/treatment.h"

#include <algorithm>
#include <map>

namespace zerosweep {
namespace {

using SetBy = KindFacts::SetBy;

class Resolver {
 public:
  Resolver(const Assignment& trial, const TrialValues& values, const Catalogue& catalogue,
           int threads, Treatment& treatment)
      : trial_(trial),
        values_(values),
        catalogue_(catalogue),
        threads_(threads),
        treatment_(treatment) {}

  void Run() {
    treatment_.method = MethodOfTrial();
    treatment_.bits = values_.Get<Bits>(trial_, TrialKey::kBits);
    const auto* profile = values_.Get<std::string>(trial_, TrialKey::kProfile);
    treatment_.profile = profile != nullptr ? *profile : "paper";
    treatment_.variant = Variant();
    treatment_.protocol_given = values_.Get<ProtocolChoice>(trial_, TrialKey::kProtocol) != nullptr;
    treatment_.protocol_choice = Choice();
    treatment_.protocol = ResolveProtocol(treatment_.protocol_choice, catalogue_);
    AddStages();
  }

 private:
  // Values that the sweep's block gives for the parameters of a stage.
  struct Block {
    Json given = Json::object(), recipe_values = Json::object();
    Resources resources;
    std::string where;
    const Part* part = nullptr;
  };

  std::optional<Method> MethodOfTrial() const {
    if (const auto* method = values_.Get<Method>(trial_, TrialKey::kMethod)) return *method;
    const auto* synthesizer = values_.Get<Part>(trial_, TrialKey::kSynthesizer);
    const auto* quantizer = values_.Get<Part>(trial_, TrialKey::kQuantizer);
    if (synthesizer == nullptr || quantizer == nullptr) return std::nullopt;
    return CombineParts(*synthesizer, *quantizer);
  }

  // The variant of the method's block, otherwise of the trial, otherwise of the recipe.
  std::string Variant() const {
    const auto& method = treatment_.method;
    if (method && !method->variant.empty()) return method->variant;
    if (const auto* variant = values_.Get<std::string>(trial_, TrialKey::kVariant)) return *variant;
    return method && method->recipe != nullptr ? method->recipe->variant : "code";
  }

  ProtocolChoice Choice() const {
    if (const auto* choice = values_.Get<ProtocolChoice>(trial_, TrialKey::kProtocol))
      return *choice;
    const auto& method = treatment_.method;
    return method && method->recipe != nullptr ? method->recipe->protocol.Of(treatment_.variant)
                                               : ProtocolChoice{};
  }

  bool Has(const KindFacts& kind) const {
    const auto& method = treatment_.method;
    switch (kind.presence) {
      case KindFacts::Presence::kAlone:
        return false;
      case KindFacts::Presence::kAlways:
        return method || !kind.runs;
      case KindFacts::Presence::kSynthesizer:
        return method && method->synthesizer;
      case KindFacts::Presence::kMixedBits:
        return treatment_.bits != nullptr && treatment_.bits->mixed();
      case KindFacts::Presence::kNeeded:
        return method && method->quantizer.declaration->Needs(kind.provides);
    }
    return false;
  }

  // Repeatedly adds a stage whose inputs are there.
  void AddStages() {
    std::vector<TrialStage> open;
    for (const Declaration& kind : catalogue_.Of(Role::kKind))
      if (Has(kind.kind())) open.push_back(StageOf(kind));
    for (const TrialStage& stage : open) provided_[stage.facts().provides] = kOpen;
    while (!open.empty()) {
      const auto ready =
          std::ranges::find_if(open, [&](TrialStage& stage) { return FindInputs(stage); });
      if (ready == open.end())
        Fail(ErrorKind::kInternal, "stage kind '{}' needs an input that no stage provides",
             open.front().kind->name);
      provided_[ready->facts().provides] = treatment_.stages.size();
      treatment_.stages.push_back(std::move(*ready));
      open.erase(ready);
    }
  }

  // Sets the stage's inputs; returns whether all those that the trial has are placed.
  bool FindInputs(TrialStage& stage) const {
    std::vector<std::string> wanted = stage.facts().reads;
    if (stage.part != nullptr) {
      const std::vector<std::string>& needs = stage.part->declaration->needs;
      wanted.insert(wanted.end(), needs.begin(), needs.end());
    }
    std::ranges::sort(wanted);
    stage.roles.clear();
    stage.inputs.clear();
    for (const std::string& role : wanted) {
      const auto provider = provided_.find(role);
      if (provider == provided_.end()) continue;
      if (provider->second == kOpen) return false;
      stage.roles.push_back(role);
      stage.inputs.push_back(provider->second);
    }
    return true;
  }

  Block BlockOf(SetBy set_by) const {
    const auto& method = treatment_.method;
    if (set_by == SetBy::kBits)
      return {.given = treatment_.bits->measured, .where = trial_.Get(TrialKey::kBits)->where};
    if (set_by == SetBy::kEvaluate) {
      const auto* block = values_.Get<EvaluateBlock>(trial_, TrialKey::kEvaluate);
      Block evaluate{.where = method ? method->where : ""};
      if (block != nullptr) evaluate.given = block->given;
      if (block != nullptr) evaluate.resources = block->resources;
      return evaluate;
    }
    const Part& part =
        set_by == SetBy::kSynthesizer ? method->synthesizer.value() : method->quantizer;
    return {part.given, part.recipe_values, part.resources, part.where, &part};
  }

  Json Resolved(const Declaration& declaration, const Block& block) const {
    return ResolveParams(declaration, block.given, block.recipe_values, treatment_.profile,
                         treatment_.variant);
  }

  TrialStage StageOf(const Declaration& kind) const {
    Block block = BlockOf(kind.kind().set_by);
    TrialStage stage{.kind = &kind, .where = block.where};
    if (kind.kind().runs) {
      stage.part = block.part;
      AddValues(*block.part->declaration, Resolved(*block.part->declaration, block), stage);
    }
    TakeRanks(kind, block);
    Json values = Resolved(kind, block);
    SetResources(values, block, stage);
    values.erase("threads");  // a resource, not part of the name
    AddValues(kind, std::move(values), stage);
    return stage;
  }

  // Values that are there already stay.
  static void AddValues(const Declaration& declaration, Json values, TrialStage& stage) {
    stage.all.insert(values.begin(), values.end());
    const Json named = WithoutNeutral(ParamsOf({&declaration}), std::move(values));
    stage.named.insert(named.begin(), named.end());
  }

  // The trial's `ranks` belongs to a stage's name, so only a kind that declares it takes it.
  void TakeRanks(const Declaration& kind, Block& block) const {
    const YamlNode* ranks = trial_.Get(TrialKey::kRanks);
    const ParamSpec* param = kind.Find("ranks");
    if (ranks == nullptr || param == nullptr || block.given.contains("ranks")) return;
    block.given["ranks"] = CheckedValue(*param, *ranks, "ranks");
  }

  void SetResources(const Json& values, const Block& block, TrialStage& stage) const {
    Resources resources;
    if (const auto* of_trial = values_.Get<Resources>(trial_, TrialKey::kResources))
      resources = *of_trial;
    resources.Override(block.resources);
    stage.threads = resources.threads.value_or(values.value("threads", 1));
    if (threads_ > 0) stage.threads = threads_;
    stage.needs = {values.value("ranks", 1), resources.gpu.value_or(false),
                   resources.cpus.value_or(0), resources.memory.value_or(0),
                   resources.time.value_or(0)};
  }

  static constexpr size_t kOpen = static_cast<size_t>(-1);  // provided, but not placed yet

  const Assignment& trial_;
  const TrialValues& values_;
  const Catalogue& catalogue_;
  int threads_;
  Treatment& treatment_;
  std::map<std::string, size_t> provided_;  // role → index of the stage that provides it
};

}  // namespace

Json Treatment::ValuesOf(KindFacts::SetBy block) const {
  Json values = Json::object();
  for (const TrialStage& stage : stages)
    if (stage.facts().set_by == block) values.insert(stage.all.begin(), stage.all.end());
  return values;
}

void ResolveTreatment(const Assignment& trial, const TrialValues& values,
                      const Catalogue& catalogue, int threads, Treatment& treatment) {
  Resolver(trial, values, catalogue, threads, treatment).Run();
}

}  // namespace zerosweep
