// The values of a sweep's trial keys. Each is parsed once, however many trials have it.
// trial_resolver.h decides what several keys mean together.
#pragma once

#include <filesystem>
#include <unordered_map>
#include <variant>

#include "storage/results/rows.h"
#include "sweeps/grammar/sweep_spec.h"
#include "sweeps/values/bits.h"
#include "sweeps/values/methods.h"
#include "sweeps/values/protocols.h"

namespace zerosweep {

// The `evaluate` block. It also applies to the teacher, which is measured on the same images.
struct EvaluateBlock {
  Json given = Json::object();
  Resources resources;
};
EvaluateBlock ParseEvaluate(const YamlNode& node, const Catalogue& catalogue);

// `3` or `{synthesis: 0, quantize: 3}`.
Seeds ParseSeeds(const YamlNode& node);

class TrialValues {
 public:
  // Parses every value of the sweep, so that a wrong one throws kUsage even where no trial uses it.
  // Relative paths start in `sweep_folder`. Keeps pointers to the nodes.
  TrialValues(const SweepSpec& spec, const Catalogue& catalogue,
              const std::filesystem::path& sweep_folder);

  // The trial's value of the key; null when it has none. REQUIRES: T is the type of the key:
  //   kMethod: Method · kSynthesizer, kQuantizer: Part · kBits: Bits · kProtocol: ProtocolChoice ·
  //   kVariant, kProfile: std::string · kResources: Resources · kEvaluate: EvaluateBlock ·
  //   kSeed: Seeds · kData: std::filesystem::path. kModel and kRanks are read as they are written.
  template <typename T>
  const T* Get(const Assignment& trial, TrialKey key) const {
    const YamlNode* node = trial.Get(key);
    return node == nullptr ? nullptr : &std::get<T>(values_.at(node));
  }

  // Whether some value of the sweep needs real images.
  bool need_real_data() const { return need_real_data_; }

 private:
  using Value = std::variant<std::monostate, Method, Part, Bits, ProtocolChoice, std::string,
                             Resources, EvaluateBlock, Seeds, std::filesystem::path>;
  Value Parse(TrialKey key, const YamlNode& node, const Catalogue& catalogue,
              const std::filesystem::path& sweep_folder);
  // Records whether the part needs real images, and returns it.
  Part Noted(Part part);

  std::unordered_map<const YamlNode*, Value> values_;
  bool need_real_data_ = false;
};

}  // namespace zerosweep
