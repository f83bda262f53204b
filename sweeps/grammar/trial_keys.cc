#include <algorithm>
#include <array>

#include "sweeps/grammar/sweep_spec.h"

namespace zerosweep {
namespace {

struct Row {
  const char* name;
  bool at_top;  // whether it may stand at the top level, as if under `fixed`
};

// In the order of TrialKey; the last two name the same key.
constexpr auto kRows = std::to_array<Row>({{"model", false},
                                           {"method", false},
                                           {"synthesizer", false},
                                           {"quantizer", false},
                                           {"bits", false},
                                           {"protocol", true},
                                           {"variant", true},
                                           {"profile", true},
                                           {"ranks", true},
                                           {"resources", true},
                                           {"evaluate", true},
                                           {"data", true},
                                           {"seed", false},
                                           {"seeds", false}});
static_assert(kRows.size() == kTrialKeys + 1);

std::vector<std::string> Names(bool only_at_top) {
  std::vector<std::string> names;
  for (const Row& row : kRows)
    if (row.at_top || !only_at_top) names.emplace_back(row.name);
  return names;
}

}  // namespace

const std::vector<std::string>& TrialKeyNames() {
  static const std::vector<std::string> kNames = Names(/*only_at_top=*/false);
  return kNames;
}

const std::vector<std::string>& TopTrialKeyNames() {
  static const std::vector<std::string> kNames = Names(/*only_at_top=*/true);
  return kNames;
}

const std::string& NameOf(TrialKey key) { return TrialKeyNames()[static_cast<size_t>(key)]; }

TrialKey TrialKeyOf(const std::string& name) {
  if (name == "seeds") return TrialKey::kSeed;
  const auto& names = TrialKeyNames();
  return static_cast<TrialKey>(std::ranges::find(names, name) - names.begin());
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
