#include "sweeps/patterns.h"

#include <algorithm>

#include "sweeps/parameters.h"

namespace zerosweep {
namespace {

using Condition = std::function<bool(const Assignment&, TrialResolver&)>;

bool Holds(const Json& given, const Json& values) {
  const auto items = given.items();
  return std::all_of(items.begin(), items.end(), [&](const auto& item) {
    return values.contains(item.key()) && values.at(item.key()) == item.value();
  });
}

bool PartHolds(const Part& wanted, const Part& actual, const std::string& kind,
               const Assignment& trial, TrialResolver& resolver) {
  if (wanted.name() != actual.name()) return false;
  Json values = resolver.PartParams(trial, kind).all;
  if (Needs(*actual.declaration, "correction") && kind == "quantize")
    values.update(resolver.PartParams(trial, "correct").all);
  return Holds(wanted.given, values);
}

Condition OfPart(const YamlNode& node, TrialKey key, const Catalogue& catalogue) {
  const bool is_synthesizer = key == TrialKey::kSynthesizer;
  return [wanted = ParsePart(node, NameOf(key), catalogue), is_synthesizer](
             const Assignment& trial, TrialResolver& resolver) {
    const Method* method = resolver.MethodOf(trial);
    if (method == nullptr || (is_synthesizer && !method->synthesizer)) return false;
    return PartHolds(wanted, is_synthesizer ? *method->synthesizer : method->quantizer,
                     is_synthesizer ? "synthesize" : "quantize", trial, resolver);
  };
}

Condition OfMethod(const YamlNode& node, const Catalogue& catalogue) {
  return [wanted = ParseMethod(node, catalogue)](const Assignment& trial, TrialResolver& resolver) {
    const Method* method = resolver.MethodOf(trial);
    if (method == nullptr || method->name != wanted.name) return false;
    if (!wanted.variant.empty() && resolver.ExecutionOf(trial).variant != wanted.variant) {
      return false;
    }
    if (wanted.synthesizer &&
        !PartHolds(*wanted.synthesizer, *method->synthesizer, "synthesize", trial, resolver))
      return false;  // methods of one name have the same parts
    return PartHolds(wanted.quantizer, method->quantizer, "quantize", trial, resolver);
  };
}

Condition OfProtocol(const YamlNode& node, const Catalogue& catalogue) {
  return
      [wanted = ParseProtocol(node, catalogue)](const Assignment& trial, TrialResolver& resolver) {
        const Protocol& protocol = resolver.ProtocolOf(trial);
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
                          {"dataset", model->dataset->at("name")}});
  };
}

Condition OfEvaluate(const YamlNode& node, const Catalogue& catalogue) {
  const Json wanted =
      CheckedBlock({&catalogue.Get("kind", "evaluate", "catalogue")}, node, "evaluate");
  return [wanted](const Assignment& trial, TrialResolver& resolver) {
    return Holds(wanted, resolver.KindParams(trial, "evaluate").all);
  };
}

// Keys that are compared as they are written.
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
    const Execution execution = resolver.ExecutionOf(trial);
    return (is_profile ? execution.profile : execution.variant) == wanted;
  };
}

// Of mixed precision also what is measured: `divergence`.
Condition OfBits(const YamlNode& node, TrialResolver& values) {
  return [wanted = values.BitsAt(node)](const Assignment& trial, TrialResolver& resolver) {
    const Bits* bits = resolver.BitsOf(trial);
    if (bits == nullptr || !BitsHold(wanted, *bits)) return false;
    const Json measured = SensitivityParams(wanted);
    return measured.empty() || Holds(measured, resolver.KindParams(trial, "sensitivity").all);
  };
}

Condition MakeCondition(TrialKey key, const YamlNode& node, const Catalogue& catalogue,
                        TrialResolver& resolver) {
  switch (key) {
    case TrialKey::kModel:
      return OfModel(node);
    case TrialKey::kMethod:
      return OfMethod(node, catalogue);
    case TrialKey::kSynthesizer:
    case TrialKey::kQuantizer:
      return OfPart(node, key, catalogue);
    case TrialKey::kProtocol:
      return OfProtocol(node, catalogue);
    case TrialKey::kVariant:
    case TrialKey::kProfile:
      return OfExecution(node, key);
    case TrialKey::kEvaluate:
      return OfEvaluate(node, catalogue);
    case TrialKey::kBits:
      return OfBits(node, resolver);
    case TrialKey::kSeed:
      return [wanted = ParseSeeds(node)](const Assignment& trial, TrialResolver& resolver) {
        return resolver.SeedsOf(trial) == wanted;
      };
    case TrialKey::kRanks:
    case TrialKey::kResources:
    case TrialKey::kDtype:
    case TrialKey::kData:
      return AsWritten(node, key);
  }
  Fail(ErrorKind::kInternal, "no condition for trial key {}", static_cast<int>(key));
}

}  // namespace

TrialMatcher::TrialMatcher(const Pattern& pattern, const Catalogue& catalogue,
                           TrialResolver& resolver)
    : where_(pattern.node->where) {
  for (const auto& [key, alternatives] : pattern.conditions) {
    std::vector<Condition>& any = conditions_.emplace_back();
    for (const YamlNode* node : alternatives) {
      any.push_back(MakeCondition(key, *node, catalogue, resolver));
    }
  }
}

bool TrialMatcher::Matches(const Assignment& trial, TrialResolver& resolver) const {
  return std::all_of(conditions_.begin(), conditions_.end(), [&](const auto& any) {
    return std::any_of(any.begin(), any.end(),
                       [&](const Condition& condition) { return condition(trial, resolver); });
  });
}

}  // namespace zerosweep
