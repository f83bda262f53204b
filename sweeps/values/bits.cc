#include "sweeps/values/bits.h"

#include <algorithm>
#include <regex>

#include "base/files.h"
#include "sweeps/values/data_files.h"
#include "sweeps/values/parameters.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;

int64_t CheckedWidth(const YamlNode& node, const std::string& label) {
  const Json value = node.ToJson();
  if (!IsBitWidth(value)) {
    FailAt(node.where, "{} is {}, must be 2 to 8, or 32 for full precision", label, node.Shown());
  }
  return value;
}

// The budget in "mp4".
int64_t CheckedBudget(const YamlNode& node) {
  static const std::regex kMixed("mp([2-8])");
  std::smatch match;
  if (!std::regex_match(node.text, match, kMixed)) {
    FailAt(node.where, "bits.w is {}, must be mp2 to mp8 for mixed precision", node.Shown());
  }
  return std::stoi(match[1]);
}

std::vector<int64_t> CheckedChoices(const YamlNode& node) {
  if (!node.is_list() || node.items.empty()) {
    FailAt(node.where, "bits.choices is {}, must be a list of widths such as [2, 4, 8]",
           node.Shown());
  }
  std::vector<int64_t> choices;
  for (const YamlNode& item : node.items)
    choices.push_back(RequireInt(item, "a width of bits.choices", 2, 8));
  std::ranges::sort(choices);
  if (std::adjacent_find(choices.begin(), choices.end()) != choices.end()) {
    FailAt(node.where, "bits.choices holds a width twice: {}", node.Shown());
  }
  return choices;
}

void ReadMixed(const YamlNode& map, const Catalogue& catalogue, Bits& bits) {
  bits.weights = Bits::Weights::kMixed;
  bits.w = CheckedBudget(*map.Find("w"));
  bits.measured = CheckedBlock(ParamsOf(catalogue.KindsSetBy(KindFacts::SetBy::kBits)), map, "bits",
                               {"w", "a", "choices", "bucket"});
  bits.choices = kMixedChoices;
  const YamlNode* choices = map.Find("choices");
  if (choices != nullptr) bits.given["choices"] = bits.choices = CheckedChoices(*choices);
  if (const YamlNode* bucket = map.Find("bucket")) {
    bits.given["bucket"] = bits.bucket = RequireInt(*bucket, "bits.bucket", 0, int64_t{1} << 40);
  }
  if (bits.choices.front() > bits.w) {
    FailAt((choices != nullptr ? choices : &map)->where,
           "bits.choices holds nothing of at most {0} bits, so nothing meets the budget of mp{0}",
           bits.w);
  }
  bits.name = fmt::format("wmp{}a{}", bits.w, bits.a);
}

// JSON is YAML: the tree knows the line of every value and reports duplicate keys.
void ReadLayers(const YamlNode& file, const fs::path& sweep_folder, Bits& bits) {
  const fs::path path = FindFile(file, "file of bits by layer", {}, sweep_folder);
  const YamlNode root = ParseYaml(ReadFile(path), path.string());
  if (!root.is_map() || root.members.empty()) {
    FailAt(path.string(), "must be a JSON object of weighted ops and their bits: {{\"conv1\": 8}}");
  }
  bits.weights = Bits::Weights::kByLayer;
  for (const YamlMember& member : root.members)
    bits.layers[member.key] = CheckedWidth(member.value, "the width of '" + member.key + "'");
  bits.name = fmt::format("w@{}a{}", path.stem().string(), bits.a);
}

Bits ParseMap(const YamlNode& node, const Catalogue& catalogue, const fs::path& sweep_folder) {
  const YamlNode* w = node.Find("w");
  const bool is_word = w != nullptr && w->ToJson().is_string();
  const bool mixed = is_word && w->text.starts_with("mp") && !w->text.ends_with(".json");
  if (!mixed) {
    for (const char* key : {"choices", "bucket"}) {
      if (const YamlNode* of_mixed = node.Find(key)) {
        FailAt(of_mixed->where, "bits.{} belongs to mixed precision: write {{w: mp4, …}}", key);
      }
    }
    RequireKeys(node, {"w", "a"}, "bits");
  }
  for (const char* key : {"w", "a"}) {
    if (node.Find(key) == nullptr) FailAt(node.where, "bits has no '{}'", key);
  }
  Bits bits;
  bits.a = CheckedWidth(*node.Find("a"), "bits.a");
  if (mixed) {
    ReadMixed(node, catalogue, bits);
  } else if (is_word && w->text.ends_with(".json")) {
    ReadLayers(*w, sweep_folder, bits);
  } else {
    bits.w = CheckedWidth(*w, "bits.w");
    bits.name = fmt::format("w{}a{}", bits.w, bits.a);
  }
  return bits;
}

}  // namespace

double Bits::MeanWidth() const {
  if (weights != Weights::kByLayer) return static_cast<double>(w);
  double sum = 0;
  for (const auto& [op, width] : layers) sum += static_cast<double>(width);
  return sum / static_cast<double>(layers.size());
}

Json Bits::StageParam() const {
  if (weights == Weights::kUniform) return w;
  if (weights == Weights::kByLayer) return {{"layers", layers}};
  Json param = {{"budget", w}, {"choices", choices}};
  if (bucket > 1) param["bucket"] = bucket;
  return param;
}

Json Bits::Config() const {
  if (weights == Weights::kUniform) return {{"w", w}, {"a", a}};
  if (weights == Weights::kByLayer) return {{"w", layers}, {"a", a}};
  return {{"w", fmt::format("mp{}", w)}, {"a", a}, {"choices", choices}, {"bucket", bucket}};
}

Bits ParseBits(const YamlNode& node, const Catalogue& catalogue, const fs::path& sweep_folder) {
  if (node.is_map()) return ParseMap(node, catalogue, sweep_folder);
  // Not case-sensitive, because tables print it in capitals.
  static const std::regex kWord("w(mp)?([0-9]{1,2})a([0-9]{1,2})", std::regex::icase);
  const std::string& word = RequireWord(node, "bits");
  std::smatch match;
  if (!std::regex_match(word, match, kWord)) {
    FailAt(node.where, "bits is {}, must be like w8a8 or {{w: 4, a: 8}}", node.Shown());
  }
  const int w = std::stoi(match[2]), a = std::stoi(match[3]);
  const bool mixed = match[1].matched;
  if (!IsBitWidth(a) || !IsBitWidth(w) || (mixed && w == 32)) {
    FailAt(node.where, "bits is '{}', must be 2 to 8, or 32 for full precision", word);
  }
  // The word is short for this map.
  YamlNode map =
      ParseYamlValue(fmt::format("{{w: {}{}, a: {}}}", mixed ? "mp" : "", w, a), node.where);
  return ParseMap(map, catalogue, sweep_folder);
}

bool BitsHold(const Bits& wanted, const Bits& actual) {
  if (wanted.weights != actual.weights || wanted.w != actual.w || wanted.a != actual.a ||
      wanted.layers != actual.layers) {
    return false;
  }
  return (!wanted.given.contains("choices") || wanted.choices == actual.choices) &&
         (!wanted.given.contains("bucket") || wanted.bucket == actual.bucket);
}

}  // namespace zerosweep
