#include "sweeps/values/model_card.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "base/files.h"
#include "base/hash.h"
#include "base/text.h"
#include "contract/output_kind.h"
#include "sweeps/grammar/yaml_tree.h"

namespace zerosweep {
namespace {

bool IsWord(const Json& value) { return value.is_string() && !value.empty(); }

bool IsCount(const Json& value) { return value.is_number_integer() && value > 0; }

bool AreNumbers(const Json& values) {
  return values.is_array() && !values.empty() &&
         std::all_of(values.begin(), values.end(), [](const Json& x) { return x.is_number(); });
}

struct CardKey {
  const char* name;
  bool required;
  const char* form;
  std::function<bool(const Json&)> fits;
};

const std::vector<CardKey> kCardKeys = {
    {"name", true, "a word", IsWord},
    {"arch", true, "a word", IsWord},
    {"dataset", true, "a word", IsWord},
    {"mean", true, "numbers, one a channel", AreNumbers},
    {"std", true, "positive numbers, one a channel",
     [](const Json& values) {
       return AreNumbers(values) &&
              std::all_of(values.begin(), values.end(), [](const Json& x) { return x > 0; });
     }},
    {"input_shape", false, "three positive numbers: channels, height and width",
     [](const Json& values) {
       return values.is_array() && values.size() == 3 &&
              std::all_of(values.begin(), values.end(), IsCount);
     }},
    {"classes", false, "a positive number", IsCount},
    {"output", false, "classes, dense or embedding",
     [](const Json& value) {
       return value.is_string() &&
              EnumOf<OutputKind>(kOutputWords, value.get_ref<const std::string&>()).has_value();
     }},
    {"top1", false, "percent",
     [](const Json& value) { return value.is_number() && value >= 0 && value <= 100; }},
    {"test_images", false, "a positive number", IsCount},
    {"seed", false, "a number", [](const Json& value) { return value.is_number_integer(); }},
    {"recipe", false, "a map", [](const Json& value) { return value.is_object(); }},
    {"weights_file", false, "the name of a file next to the card, or in a folder next to it",
     [](const Json& value) {
       if (!IsWord(value)) return false;
       const std::filesystem::path path = value.get<std::string>();
       return path.is_relative() && std::ranges::find(path, "..") == path.end();
     }},
    {"weights_sha256", false, "64 lower-case hexadecimal digits",
     [](const Json& value) {
       return value.is_string() && IsHex(value.get_ref<const std::string&>());
     }},
};

}  // namespace

bool MayBeModelCard(const std::filesystem::path& path) {
  const std::string text = ReadFile(path);
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    // Logs consist of JSON lines or hold NaN; a damaged card still mentions its keys.
    return std::ranges::any_of(kCardKeys, [&](const CardKey& key) {
      return text.find(fmt::format("\"{}\"", key.name)) != std::string::npos;
    });
  }
  if (!json.is_object()) return false;
  return std::ranges::any_of(kCardKeys,
                             [&](const CardKey& key) { return json.contains(key.name); });
}

ModelCard ReadModelCard(const std::filesystem::path& path, const std::string& where) {
  ModelCard card{path,
                 ParseJson(ReadFile(path), fmt::format("{}: model card {}", where, path.string()))};
  if (!card.json.is_object()) FailAt(where, "model card {} is no JSON object", path.string());
  std::vector<std::string> known;
  for (const CardKey& key : kCardKeys) known.emplace_back(key.name);
  for (const auto& [name, value] : card.json.items()) {
    if (std::ranges::find(known, name) == known.end())
      FailAt(where, "model card {}: unknown key '{}'{}", path.string(), name,
             Suggestion(name, known));
  }
  for (const CardKey& key : kCardKeys) {
    const auto value = card.json.find(key.name);
    if (value == card.json.end()) {
      if (key.required) FailAt(where, "model card {} has no '{}'", path.string(), key.name);
      continue;
    }
    if (!key.fits(*value))
      FailAt(where, "model card {}: '{}' is {}, must be {}", path.string(), key.name, value->dump(),
             key.form);
  }
  return card;
}

}  // namespace zerosweep
