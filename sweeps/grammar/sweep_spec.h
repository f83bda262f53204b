// A sweep file as written: checks its blocks and unfolds them into assignments of values to trial
// keys (docs/sweeps.md). trial_values.h interprets the values.
#pragma once

#include <array>
#include <deque>
#include <string>
#include <vector>

#include "sweeps/grammar/yaml_tree.h"

namespace zerosweep {

// The keys of a trial; `seed` and `seeds` are the same key.
enum class TrialKey {
  kModel,
  kMethod,
  kSynthesizer,
  kQuantizer,
  kBits,
  kProtocol,
  kVariant,
  kProfile,
  kRanks,
  kResources,
  kEvaluate,
  kData,
  kSeed,  // the last
};
inline constexpr size_t kTrialKeys = static_cast<size_t>(TrialKey::kSeed) + 1;

// The names of all keys in the grammar, "seeds" included.
const std::vector<std::string>& TrialKeyNames();
// The names allowed at the top level, where they apply to every trial.
const std::vector<std::string>& TopTrialKeyNames();
const std::string& NameOf(TrialKey key);
// Whether the two keys exclude each other in one map: the same key twice (`seed` and `seeds`), or
// `method` together with `synthesizer` or `quantizer`.
bool Exclude(TrialKey a, TrialKey b);
// REQUIRES: `name` is one of TrialKeyNames().
TrialKey TrialKeyOf(const std::string& name);

// A key with its value.
using Setting = std::pair<TrialKey, const YamlNode*>;

// One trial, before its values are interpreted. The nodes belong to the SweepSpec.
struct Assignment {
  std::array<const YamlNode*, kTrialKeys> values{};
  const YamlNode* origin = nullptr;  // the `include` entry it comes from; null for grid and zip

  const YamlNode* Get(TrialKey key) const { return values[static_cast<size_t>(key)]; }
  // Sets the value. A method clears synthesizer and quantizer, and the reverse.
  void Set(TrialKey key, const YamlNode* value);
};

// A condition on trials: for each key the alternatives, one of which must hold.
struct Pattern {
  const YamlNode* node = nullptr;  // the map in which it was written
  std::vector<std::pair<TrialKey, std::vector<const YamlNode*>>> conditions;
};

struct WhenRule {
  Pattern condition;
  std::vector<Setting> set;
};

// Not movable, because its parts point into it.
class SweepSpec {
 public:
  // Throws kUsage for every violation of the grammar's form. REQUIRES: `root` is the sweep after
  // --set.
  SweepSpec(YamlNode root, const std::string& origin);
  SweepSpec(const SweepSpec&) = delete;
  SweepSpec& operator=(const SweepSpec&) = delete;

  const YamlNode& root() const { return root_; }
  const std::string& name() const { return name_; }
  const YamlNode* data() const { return root_.Find("data"); }
  const std::vector<Assignment>& trials() const { return trials_; }
  const std::vector<WhenRule>& when() const { return when_; }
  const std::vector<Pattern>& exclude() const { return exclude_; }
  // Every value that some trial may take, `when.set` included. All are checked, used or not.
  const std::vector<Setting>& values() const { return values_; }

 private:
  // One axis of the product; each of its steps sets some keys.
  using Axis = std::vector<std::vector<Setting>>;

  void ReadName();
  Assignment ReadBase();
  void ReadGrid(std::vector<Axis>& axes);
  void ReadZip(std::vector<Axis>& axes);
  Axis ReadSeeds();
  const std::vector<YamlNode>& ReadRules(const std::string& key);
  void ReadInclude(const Assignment& base, const Axis& seeds);
  void ReadExclude();
  void ReadWhen();
  void Multiply(const Assignment& base, const std::vector<Axis>& axes);
  std::vector<Setting> ReadSettings(const YamlNode& map, const std::string& what);
  Pattern ReadPattern(const YamlNode& map, const std::string& what);
  // The items of a non-empty list without duplicates, unless `twins_allowed`.
  const std::vector<YamlNode>& ReadList(const YamlNode& node, const std::string& label,
                                        bool twins_allowed);
  // Records that a key stands in a block; fails when it already stood in another.
  void Place(TrialKey key, const std::string& block, const std::string& where);

  YamlNode root_;
  std::string name_;
  std::deque<YamlNode> made_;  // seed pairs
  std::vector<Assignment> trials_;
  std::vector<WhenRule> when_;
  std::vector<Pattern> exclude_;
  std::vector<Setting> values_;
  std::array<std::string, kTrialKeys> places_;  // "under grid (sweep.yaml:7)"
};

}  // namespace zerosweep
