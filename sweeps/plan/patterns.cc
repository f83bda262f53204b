#include "sweeps/plan/patterns.h"

#include <algorithm>

#include "sweeps/values/parameters.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

using Condition = std::function<bool(const Assignment&, TrialResolver&)>;

bool Holds(const Json& given, const Json& values) {
  const auto items = given.items();
  return std::all_of(items.begin(), items.end(), [&](const auto& item) {
    return values.contains(item.key()) && values.at(item.key()) == item.value();
  });
}

bool PartHolds(const Part& wanted, Role role, const Treatment& treatment) {
  return std::ranges::any_of(treatment.stages, [&](const TrialStage& stage) {
    return stage.facts().runs == role && stage.part->declaration == wanted.declaration &&
           Holds(wanted.given, treatment.ValuesOf(stage.facts().set_by));
  });
}

Condition OfPart(const YamlNode& node, Role role, const Catalogue& catalogue) {
  return [wanted = ParsePart(node, role, catalogue), role](const Assignment& trial,
                                                           TrialResolver& resolver) {
    return PartHolds(wanted, role, resolver.TreatmentOf(trial));
  };
}

Condition OfMethod(const YamlNode& node, const Catalogue& catalogue) {
  return [wanted = ParseMethod(node, catalogue)](const Assignment& trial, TrialResolver& resolver) {
    const Treatment& treatment = resolver.TreatmentOf(trial);
    if (!treatment.method || treatment.method->name != wanted.name) return false;
    if (!wanted.variant.empty() && treatment.variant != wanted.variant) return false;
    return (!wanted.synthesizer || PartHolds(*wanted.synthesizer, Role::kSynthesizer, treatment)) &&
           PartHolds(wanted.quantizer, Role::kQuantizer, treatment);
  };
}

Condition OfProtocol(const YamlNode& node, const Catalogue& catalogue) {
  return
      [wanted = ParseProtocol(node, catalogue)](const Assignment& trial, TrialResolver& resolver) {
        const Protocol& protocol = resolver.TreatmentOf(trial).protocol;
        const std::string preset = protocol.label.substr(0, protocol.label.find('*'));
        return (wanted.preset.empty() || wanted.preset == preset) &&
               Holds(wanted.changed, protocol.fields);
      };
}

Condition OfModel(const YamlNode& node) {
  if (!node.is_map()) {
    return [name = RequireWord(node, "model")](const Assignment& trial, TrialResolver& resolver) {
      const Model* model = resolver.ModelOf(trial);
      return model != nullptr && model->name == name;
    };
  }
  RequireKeys(node, {"file", "key", "arch", "dataset"}, "model");
  return [wanted = node.ToJson()](const Assignment& trial, TrialResolver& resolver) {
    const Model* model = resolver.ModelOf(trial);
    if (model == nullptr) return false;
    const YamlNode* file = trial.Get(TrialKey::kModel)->Find("file");
    return Holds(wanted, {{"file", file != nullptr ? Json(file->text) : Json()},
                          {"key", model->weights_key},
                          {"arch", model->arch()},
                          {"dataset", model->dataset->name}});
  };
}

Condition OfEvaluate(const YamlNode& node, const Catalogue& catalogue) {
  const ParamSpecs params = ParamsOf(catalogue.KindsSetBy(KindFacts::SetBy::kEvaluate));
  return [wanted = CheckedBlock(params, node, "evaluate")](const Assignment& trial,
                                                           TrialResolver& resolver) {
    return Holds(wanted, resolver.TreatmentOf(trial).ValuesOf(KindFacts::SetBy::kEvaluate));
  };
}

// Compares keys as they are written.
Condition AsWritten(const YamlNode& node, TrialKey key) {
  return [wanted = node.ToJson(), key](const Assignment& trial, TrialResolver&) {
    const YamlNode* value = trial.Get(key);
    return value != nullptr && value->ToJson() == wanted;
  };
}

Condition OfExecution(const YamlNode& node, TrialKey key) {
  const bool is_profile = key == TrialKey::kProfile;
  return [wanted = RequireChoice(node, NameOf(key), is_profile ? kProfiles : kVariants),
          is_profile](const Assignment& trial, TrialResolver& resolver) {
    const Treatment& treatment = resolver.TreatmentOf(trial);
    return (is_profile ? treatment.profile : treatment.variant) == wanted;
  };
}

// For mixed precision also compares how the bits are chosen: `divergence`.
Condition OfBits(const YamlNode& node, const Catalogue& catalogue, const fs::path& sweep_folder) {
  return [wanted = ParseBits(node, catalogue, sweep_folder)](const Assignment& trial,
                                                             TrialResolver& resolver) {
    const Treatment& treatment = resolver.TreatmentOf(trial);
    return treatment.bits != nullptr && BitsHold(wanted, *treatment.bits) &&
           Holds(wanted.measured, treatment.ValuesOf(KindFacts::SetBy::kBits));
  };
}

Condition MakeCondition(TrialKey key, const YamlNode& node, const Catalogue& catalogue,
                        const fs::path& sweep_folder) {
  switch (key) {
    case TrialKey::kModel:
      return OfModel(node);
    case TrialKey::kMethod:
      return OfMethod(node, catalogue);
    case TrialKey::kSynthesizer:
      return OfPart(node, Role::kSynthesizer, catalogue);
    case TrialKey::kQuantizer:
      return OfPart(node, Role::kQuantizer, catalogue);
    case TrialKey::kProtocol:
      return OfProtocol(node, catalogue);
    case TrialKey::kVariant:
    case TrialKey::kProfile:
      return OfExecution(node, key);
    case TrialKey::kEvaluate:
      return OfEvaluate(node, catalogue);
    case TrialKey::kBits:
      return OfBits(node, catalogue, sweep_folder);
    case TrialKey::kSeed:
      return [wanted = ParseSeeds(node)](const Assignment& trial, TrialResolver& resolver) {
        return resolver.SeedsOf(trial) == wanted;
      };
    case TrialKey::kRanks:
    case TrialKey::kResources:
    case TrialKey::kData:
      return AsWritten(node, key);
  }
  Fail(ErrorKind::kInternal, "no condition for trial key {}", static_cast<int>(key));
}

}  // namespace

TrialMatcher::TrialMatcher(const Pattern& pattern, const Catalogue& catalogue,
                           const fs::path& sweep_folder)
    : where_(pattern.node->where) {
  for (const auto& [key, alternatives] : pattern.conditions) {
    std::vector<Condition>& any = conditions_.emplace_back();
    for (const YamlNode* node : alternatives) {
      any.push_back(MakeCondition(key, *node, catalogue, sweep_folder));
    }
  }
}

bool TrialMatcher::Matches(const Assignment& trial, TrialResolver& resolver) const {
  return std::ranges::all_of(conditions_, [&](const auto& any) {
    return std::ranges::any_of(
        any, [&](const Condition& condition) { return condition(trial, resolver); });
  });
}

}  // namespace zerosweep
