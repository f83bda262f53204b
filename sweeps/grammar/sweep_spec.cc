#include "sweeps/grammar/sweep_spec.h"

#include <algorithm>
#include <map>

#include "base/text.h"

namespace zerosweep {
namespace {

constexpr size_t kMaxTrials = 1'000'000;

std::vector<std::string> TopKeys() {
  std::vector<std::string> keys = {"name"};
  keys.insert(keys.end(), TopTrialKeyNames().begin(), TopTrialKeyNames().end());
  keys.insert(keys.end(), {"fixed", "grid", "zip", "seeds", "include", "exclude", "when"});
  return keys;
}

void CheckTopKeys(const YamlNode& root) {
  const std::vector<std::string> top_keys = TopKeys();
  if (!root.is_map()) {
    FailAt(root.where, "a sweep must be a map of {}; this is {}", Join(top_keys, ", "),
           root.Shown());
  }
  const auto& trial_keys = TrialKeyNames();
  for (const YamlMember& member : root.members) {
    const bool known = std::ranges::count(top_keys, member.key) > 0;
    if (!known && std::ranges::count(trial_keys, member.key) > 0) {
      FailAt(member.where, "'{}' does not belong at the top level: put it under fixed or grid",
             member.key);
    }
  }
  RequireKeys(root, top_keys, "the sweep");
}

void CheckCount(double trials, const std::string& where) {
  if (trials > static_cast<double>(kMaxTrials)) {
    FailAt(where, "the sweep unfolds to {:.0f} trials, at most {} are allowed: split it", trials,
           kMaxTrials);
  }
}

}  // namespace

SweepSpec::SweepSpec(YamlNode root, const std::string& origin) : root_(std::move(root)) {
  if (root_.where.empty()) root_.where = origin;
  // Members x-… hold anchors, as in other tools; they take effect where an alias refers to them.
  std::erase_if(root_.members,
                [](const YamlMember& member) { return member.key.starts_with("x-"); });
  CheckTopKeys(root_);
  ReadName();
  const Assignment base = ReadBase();
  std::vector<Axis> axes;
  ReadGrid(axes);
  ReadZip(axes);
  const Axis seeds = ReadSeeds();
  const bool only_includes = axes.empty() && root_.Find("include") != nullptr;
  if (!seeds.empty()) axes.push_back(seeds);
  if (!only_includes) Multiply(base, axes);
  ReadInclude(base, seeds);
  ReadExclude();
  ReadWhen();
}

void SweepSpec::ReadName() {
  const YamlNode* name = root_.Find("name");
  if (name == nullptr) FailAt(root_.where, "the sweep has no name: write name: WORD");
  name_ = RequireWord(*name, "name");
  const auto allowed = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
  };
  if (!std::ranges::all_of(name_, allowed) || name_.size() > 100) {
    FailAt(name->where, "name is '{}', must be at most 100 letters, digits, '_', '-' or '.'",
           name_);
  }
}

void SweepSpec::Place(TrialKey key, const std::string& block, const std::string& where) {
  std::string& place = places_[static_cast<size_t>(key)];
  if (!place.empty()) {
    FailAt(where, "{} is given {} and {}, keep one", NameOf(key), place, block);
  }
  place = fmt::format("{} ({})", block, where);
  const auto placed = [&](TrialKey k) { return places_[static_cast<size_t>(k)]; };
  for (const TrialKey part : {TrialKey::kSynthesizer, TrialKey::kQuantizer}) {
    if (!placed(TrialKey::kMethod).empty() && !placed(part).empty()) {
      FailAt(where, "method (given {}) and {} (given {}) exclude each other, keep one",
             placed(TrialKey::kMethod), NameOf(part), placed(part));
    }
  }
}

Assignment SweepSpec::ReadBase() {
  Assignment base;
  for (const std::string& key : TopTrialKeyNames()) {
    const YamlNode* value = root_.Find(key);
    if (value == nullptr) continue;
    Place(TrialKeyOf(key), "at the top level", value->where);
    base.Set(TrialKeyOf(key), value);
    values_.emplace_back(TrialKeyOf(key), value);
  }
  if (const YamlNode* fixed = root_.Find("fixed")) {
    for (const auto& [key, value] : ReadSettings(*fixed, "fixed")) {
      Place(key, "under fixed", value->where);
      base.Set(key, value);
    }
  }
  return base;
}

std::vector<Setting> SweepSpec::ReadSettings(const YamlNode& map, const std::string& what) {
  RequireKeys(map, TrialKeyNames(), what);
  if (map.members.empty()) FailAt(map.where, "{} is empty, remove it or fill it", what);
  std::vector<Setting> settings;
  for (const YamlMember& member : map.members) {
    if (member.value.is_list()) {
      FailAt(member.value.where, "{}.{} is a list, must be one value (lists go under grid or zip)",
             what, member.key);
    }
    const TrialKey key = TrialKeyOf(member.key);
    for (const auto& [other, value] : settings) {
      if (Exclude(other, key)) {
        FailAt(member.value.where, "{} gives '{}' and '{}', which exclude each other", what,
               NameOf(other), member.key);
      }
    }
    settings.emplace_back(key, &member.value);
    values_.push_back(settings.back());
  }
  return settings;
}

const std::vector<YamlNode>& SweepSpec::ReadList(const YamlNode& node, const std::string& label,
                                                 bool twins_allowed) {
  if (!node.is_list()) {
    FailAt(node.where, "{} is {}, must be a list (single values go under fixed)", label,
           node.Shown());
  }
  if (node.items.empty()) FailAt(node.where, "{} is empty, give at least one value", label);
  std::map<std::string, const YamlNode*> seen;
  for (const YamlNode& item : node.items) {
    const auto [first, inserted] = seen.emplace(CanonicalJson(item.ToJson()), &item);
    if (!inserted && !twins_allowed) {
      FailAt(item.where, "{} holds {} twice (first at {}), remove one", label, item.Shown(),
             first->second->where);
    }
  }
  return node.items;
}

void SweepSpec::ReadGrid(std::vector<Axis>& axes) {
  const YamlNode* grid = root_.Find("grid");
  if (grid == nullptr) return;
  RequireKeys(*grid, TrialKeyNames(), "grid");
  if (grid->members.empty()) FailAt(grid->where, "grid is empty, remove it or fill it");
  for (const YamlMember& member : grid->members) {
    const TrialKey key = TrialKeyOf(member.key);
    Place(key, "under grid", member.where);
    Axis axis;
    for (const YamlNode& item : ReadList(member.value, "grid." + member.key, false)) {
      axis.push_back({{key, &item}});
      values_.emplace_back(key, &item);
    }
    axes.push_back(std::move(axis));
  }
}

void SweepSpec::ReadZip(std::vector<Axis>& axes) {
  const YamlNode* zip = root_.Find("zip");
  if (zip == nullptr) return;
  RequireKeys(*zip, TrialKeyNames(), "zip");
  if (zip->members.empty()) FailAt(zip->where, "zip is empty, remove it or fill it");
  const YamlMember& first = zip->members.front();
  Axis axis;
  for (const YamlMember& member : zip->members) {
    const TrialKey key = TrialKeyOf(member.key);
    Place(key, "under zip", member.where);
    const auto& items = ReadList(member.value, "zip." + member.key, true);
    axis.resize(&member == &first ? items.size() : axis.size());
    if (items.size() != axis.size()) {
      FailAt(member.where,
             "zip.{} has {} values, zip.{} has {}: lists under zip must be equally long",
             member.key, items.size(), first.key, axis.size());
    }
    for (size_t i = 0; i < items.size(); ++i) {
      axis[i].emplace_back(key, &items[i]);
      values_.emplace_back(key, &items[i]);
    }
  }
  axes.push_back(std::move(axis));
}

SweepSpec::Axis SweepSpec::ReadSeeds() {
  const YamlNode* seeds = root_.Find("seeds");
  if (seeds == nullptr) return {};
  Place(TrialKey::kSeed, "as seeds at the top level", seeds->where);
  Axis axis;
  if (!seeds->is_map()) {
    for (const YamlNode& seed : ReadList(*seeds, "seeds", false)) {
      axis.push_back({{TrialKey::kSeed, &seed}});
      values_.emplace_back(TrialKey::kSeed, &seed);
    }
    return axis;
  }
  RequireKeys(*seeds, {"synthesis", "quantize"}, "seeds");
  for (const char* key : {"synthesis", "quantize"}) {
    if (seeds->Find(key) == nullptr) FailAt(seeds->where, "seeds has no {}", key);
  }
  const auto& syntheses = ReadList(*seeds->Find("synthesis"), "seeds.synthesis", false);
  const auto& quantizes = ReadList(*seeds->Find("quantize"), "seeds.quantize", false);
  CheckCount(static_cast<double>(syntheses.size()) * static_cast<double>(quantizes.size()),
             root_.where);
  for (const YamlNode& synthesis : syntheses) {
    for (const YamlNode& quantize : quantizes) {
      const YamlNode& pair =
          made_.emplace_back(YamlNode{.kind = YamlNode::Kind::kMap,
                                      .where = synthesis.where,
                                      .members = {{"synthesis", synthesis.where, synthesis},
                                                  {"quantize", quantize.where, quantize}}});
      axis.push_back({{TrialKey::kSeed, &pair}});
      values_.emplace_back(TrialKey::kSeed, &pair);
    }
  }
  return axis;
}

void SweepSpec::Multiply(const Assignment& base, const std::vector<Axis>& axes) {
  double product = 1;
  for (const Axis& axis : axes) product *= static_cast<double>(axis.size());
  CheckCount(static_cast<double>(trials_.size()) + product, root_.where);
  std::vector<size_t> at(axes.size(), 0);
  for (size_t n = 0; n < static_cast<size_t>(product); ++n) {
    Assignment& trial = trials_.emplace_back(base);
    for (size_t i = 0; i < axes.size(); ++i) {
      for (const auto& [key, value] : axes[i][at[i]]) trial.Set(key, value);
    }
    for (size_t i = axes.size(); i-- > 0;) {  // the last axis varies fastest
      if (++at[i] < axes[i].size()) break;
      at[i] = 0;
    }
  }
}

// An empty list counts as absent: `--set exclude=[]` removes the list of the file.
const std::vector<YamlNode>& SweepSpec::ReadRules(const std::string& key) {
  static const std::vector<YamlNode> kNone;
  const YamlNode* rules = root_.Find(key);
  if (rules == nullptr || (rules->is_list() && rules->items.empty())) return kNone;
  return ReadList(*rules, key, false);
}

void SweepSpec::ReadInclude(const Assignment& base, const Axis& seeds) {
  for (const YamlNode& entry : ReadRules("include")) {
    Assignment trial = base;
    trial.origin = &entry;
    for (const auto& [key, value] : ReadSettings(entry, "include")) trial.Set(key, value);
    const bool own_seed = trial.Get(TrialKey::kSeed) != nullptr;
    Multiply(trial, own_seed || seeds.empty() ? std::vector<Axis>{} : std::vector<Axis>{seeds});
  }
}

Pattern SweepSpec::ReadPattern(const YamlNode& map, const std::string& what) {
  RequireKeys(map, TrialKeyNames(), what);
  if (map.members.empty()) FailAt(map.where, "{} is empty, give at least one key", what);
  Pattern pattern{&map, {}};
  for (const YamlMember& member : map.members) {
    std::vector<const YamlNode*> alternatives;
    if (member.value.is_list()) {
      for (const YamlNode& item : ReadList(member.value, what + "." + member.key, false)) {
        alternatives.push_back(&item);
      }
    } else {
      alternatives.push_back(&member.value);
    }
    pattern.conditions.emplace_back(TrialKeyOf(member.key), std::move(alternatives));
  }
  return pattern;
}

void SweepSpec::ReadExclude() {
  for (const YamlNode& entry : ReadRules("exclude")) {
    exclude_.push_back(ReadPattern(entry, "exclude"));
  }
}

void SweepSpec::ReadWhen() {
  for (const YamlNode& entry : ReadRules("when")) {
    RequireKeys(entry, {"if", "set"}, "when");
    for (const char* key : {"if", "set"}) {
      if (entry.Find(key) == nullptr) FailAt(entry.where, "a when entry has no '{}'", key);
    }
    when_.push_back(
        {ReadPattern(*entry.Find("if"), "when.if"), ReadSettings(*entry.Find("set"), "when.set")});
  }
}

}  // namespace zerosweep
