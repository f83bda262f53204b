#include "reports/leaderboard/settings.h"

#include <algorithm>
#include <array>
#include <functional>
#include <tuple>

#include "base/error.h"
#include "base/hash.h"
#include "base/text.h"

namespace zerosweep {
namespace {

// The named parts of a method in a configuration. They hold their parameters under "params".
constexpr std::array<const char*, 2> kNamedParts = {"synthesizer", "quantizer"};

// "/quantizer/params/lr" → {"quantizer", "lr"}
std::vector<std::string> WordsOf(const std::string& path) {
  std::vector<std::string> words;
  for (Json::json_pointer at(path); !at.empty(); at = at.parent_pointer())
    if (at.back() != "params") words.insert(words.begin(), at.back());
  return words;
}

// The parameters of a part, or null.
const Json* ParametersOf(const Json& configuration, const std::string& part) {
  const auto found = configuration.find(part);
  if (found == configuration.end() || !found->is_object()) return nullptr;
  const auto params = found->find("params");
  return params == found->end() ? &*found : &*params;
}

// A part's parameter has its own name, unless another part has one of the same name.
std::string NameOf(const std::string& path, const Json& configuration) {
  const std::vector<std::string> words = WordsOf(path);
  bool of_a_part = false;
  int parts_with_it = 0;
  for (const auto& [part, section] : configuration.items()) {
    if (CommonSections().contains(part)) continue;
    const Json* params = ParametersOf(configuration, part);
    if (params == nullptr || !params->contains(words.back())) continue;
    ++parts_with_it;
    of_a_part = of_a_part || (words.size() == 2 && words.front() == part);
  }
  return of_a_part && parts_with_it == 1 ? words.back() : Join(words, ".");
}

// The rank in the order of importance: what affects accuracy most comes first.
size_t Importance(const std::string& path) {
  static const std::vector<std::string> kFirst = {"preset",       "lr",          "iterations",
                                                  "images",       "real_images", "batch",
                                                  "distillation", "temperature", "reduction"};
  const std::string name = path.substr(path.rfind('/') + 1);
  return static_cast<size_t>(std::find(kFirst.begin(), kFirst.end(), name) - kFirst.begin());
}

auto OrderOf(const std::string& path) {
  return std::tuple(Importance(path), path.substr(path.rfind('/') + 1), path);
}

// Sorts in the order of NotPapers.
void SortByImportance(std::vector<Setting>& settings) {
  std::ranges::sort(settings, {}, [](const Setting& setting) { return OrderOf(setting.path); });
}

// Calls use(path, value, the paper's value) for each value that differs from the paper's.
template <typename Use>
void ForEachOther(const Json& configuration, const Json& papers, const std::string& path,
                  const Use& use) {
  for (const auto& [key, theirs] : papers.items()) {
    const auto here = configuration.find(key);
    if (here == configuration.end()) continue;  // older than the parameter
    const std::string place = path + "/" + key;
    if (theirs.is_object()) {
      ForEachOther(*here, theirs, place, use);
    } else if (*here != theirs) {
      use(place, *here, theirs);
    }
  }
}

// The declared values, overridden by those of the recipe.
Json Overlaid(Json declared, const Json& recipe, const std::string& role) {
  const auto set = recipe.find(role);
  if (set == recipe.end()) return declared;
  for (const auto& [name, value] : set->items())
    if (declared.contains(name)) declared[name] = value;
  return declared;
}

// The number of leading paths whose values together distinguish all configurations.
size_t EnoughToTellApart(const std::vector<Json>& flat, const std::vector<std::string>& paths) {
  std::vector<std::string> seen(flat.size());
  for (size_t count = 0; count < paths.size(); ++count) {
    for (size_t i = 0; i < flat.size(); ++i) {
      const auto value = flat[i].find(paths[count]);
      seen[i] += value == flat[i].end() ? "," : value->dump() + ",";
    }
    if (std::set<std::string>(seen.begin(), seen.end()).size() == seen.size()) return count + 1;
  }
  return paths.size();
}

// Marks the setting, or adds it; `known`: with the paper's value.
void Mark(const Namesake& of, const std::string& path, const Json& value, bool known) {
  std::vector<Setting>& settings = *of.settings;
  auto place = std::find_if(settings.begin(), settings.end(),
                            [&](const Setting& setting) { return setting.path == path; });
  if (place == settings.end()) {
    Setting setting{path, NameOf(path, of.configuration), value, {}, false};
    const Json::json_pointer pointer(path);
    if (known && of.papers->contains(pointer)) setting.papers = of.papers->at(pointer);
    place = settings.insert(settings.end(), std::move(setting));
  }
  place->tells_apart = true;
}

// The values by path. Null counts as absent, because an empty object flattens to it.
Json Flattened(const Json& configuration) {
  Json flat = configuration.flatten();
  for (auto place = flat.begin(); place != flat.end();)
    place = place->is_null() ? flat.erase(place) : std::next(place);
  return flat;
}

}  // namespace

const std::set<std::string>& CommonSections() {
  static const std::set<std::string> kSections = {"method",  "variant",  "bits",    "protocol",
                                                  "profile", "evaluate", "teacher", "threads",
                                                  "model",   "dataset",  "revision"};
  return kSections;
}

std::string ShownValue(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string Assignment(const Setting& setting) {
  return setting.name + "=" + ShownValue(setting.value);
}

std::string Phrase(const Setting& setting) {
  constexpr size_t kShownOfDigest = 12;
  const std::string value = ShownValue(setting.value);
  if (IsHex(value)) return setting.name + " " + value.substr(0, kShownOfDigest);
  const bool has_comma = value.find(',') != std::string::npos;  // as lists of settings have
  return setting.name + (has_comma ? " '" + value + "'" : " " + value);
}

Json PapersConfiguration(const Json& configuration, const std::string& recipe,
                         const std::string& variant, const PaperSettings& papers) {
  const auto found = papers.recipes.find(recipe);
  const Json set = found == papers.recipes.end() ? Json::object() : found->second;
  Json of = Json::object();
  for (const char* role : kNamedParts) {
    const auto place = configuration.find(role);
    if (place == configuration.end()) continue;
    const std::string part =
        fmt::format("{} {}", role, place->is_object() ? place->value("name", "") : "");
    const auto declared = papers.parts.find({part, variant});
    if (declared == papers.parts.end()) return {};
    of[role]["params"] = Overlaid(declared->second, set, role);
  }
  for (const auto& [kind, values] : configuration.items()) {
    const auto declared = papers.parts.find({kind, variant});
    if (declared == papers.parts.end()) continue;
    of[kind] = Overlaid(declared->second, set, "quantizer");  // in whose block they stand
  }
  return of;
}

std::vector<Setting> NotPapers(const Json& configuration, const Json& papers) {
  std::vector<Setting> settings;
  if (papers.is_null()) return settings;
  ForEachOther(configuration, papers, "",
               [&](const std::string& path, const Json& value, const Json& theirs) {
                 settings.push_back({path, NameOf(path, configuration), value, theirs, false});
               });
  SortByImportance(settings);
  return settings;
}

void MarkDifferences(const std::vector<Namesake>& namesakes) {
  std::vector<Json> flat;
  for (const Namesake& of : namesakes) flat.push_back(Flattened(of.configuration));
  std::vector<std::string> paths = DifferingPaths(flat);
  std::ranges::sort(paths, {}, OrderOf);
  paths.resize(EnoughToTellApart(flat, paths));
  for (const std::string& path : paths) {
    // If one row is older than the parameter, the others must show theirs.
    const bool everywhere = std::all_of(flat.begin(), flat.end(),
                                        [&path](const Json& all) { return all.contains(path); });
    for (size_t i = 0; i < flat.size(); ++i)
      if (flat[i].contains(path)) Mark(namesakes[i], path, flat[i].at(path), everywhere);
  }
  for (const Namesake& of : namesakes) SortByImportance(*of.settings);
}

std::vector<std::string> DifferingPaths(const std::vector<Json>& flat) {
  std::map<std::string, std::vector<Json>> values;  // by path
  for (const Json& all : flat)
    for (const auto& [path, value] : all.items()) values[path].push_back(value);
  std::vector<std::string> differing;
  for (const auto& [path, of] : values)
    if (of.size() < flat.size() ||
        std::ranges::adjacent_find(of, std::not_equal_to<>()) != of.end())
      differing.push_back(path);
  return differing;
}

}  // namespace zerosweep
