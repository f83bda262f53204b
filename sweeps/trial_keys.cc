#include <algorithm>

#include "sweeps/sweep_spec.h"

namespace zerosweep {

const std::vector<std::string>& TrialKeyNames() {
  // In the order of TrialKey; the last is a second word for seed.
  static const std::vector<std::string> kNames = {
      "model",   "method", "synthesizer", "quantizer", "bits", "protocol", "variant",
      "profile", "ranks",  "resources",   "evaluate",  "data", "seed",     "seeds"};
  return kNames;
}

const std::string& NameOf(TrialKey key) { return TrialKeyNames()[static_cast<size_t>(key)]; }

TrialKey TrialKeyOf(const std::string& name) {
  if (name == "seeds") return TrialKey::kSeed;
  const auto& names = TrialKeyNames();
  return static_cast<TrialKey>(std::find(names.begin(), names.end(), name) - names.begin());
}

bool Exclude(TrialKey a, TrialKey b) {
  const auto is_part = [](TrialKey key) {
    return key == TrialKey::kSynthesizer || key == TrialKey::kQuantizer;
  };
  return a == b || (a == TrialKey::kMethod && is_part(b)) || (b == TrialKey::kMethod && is_part(a));
}

void Assignment::Set(TrialKey key, const YamlNode* value) {
  const auto put = [&](TrialKey k, const YamlNode* v) { values[static_cast<size_t>(k)] = v; };
  if (key == TrialKey::kMethod) {
    put(TrialKey::kSynthesizer, nullptr);
    put(TrialKey::kQuantizer, nullptr);
  }
  if (key == TrialKey::kSynthesizer || key == TrialKey::kQuantizer) {
    put(TrialKey::kMethod, nullptr);
  }
  put(key, value);
}

}  // namespace zerosweep
