#include "reports/differences.h"

#include <map>
#include <set>

namespace zerosweep {
namespace {

// "/quantizer/params/weights" → {"quantizer", "weights"}
std::vector<std::string> Words(const std::string& path) {
  std::vector<std::string> words;
  const Json::json_pointer pointer(path);
  for (Json::json_pointer at = pointer; !at.empty(); at = at.parent_pointer())
    if (at.back() != "params") words.insert(words.begin(), at.back());
  return words;
}

std::string Shown(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

std::vector<std::vector<std::string>> Differences(const std::vector<Json>& configurations) {
  std::vector<Json> flat;
  std::map<std::string, std::set<Json>> values;  // by path; null where one has none
  for (const Json& configuration : configurations) flat.push_back(configuration.flatten());
  for (const Json& all : flat)
    for (const auto& [path, value] : all.items()) values[path];
  for (auto& [path, seen] : values)
    for (const Json& all : flat) seen.insert(all.value(path, Json()));
  std::map<std::string, std::string> names;  // of the paths that differ
  std::map<std::string, int> uses;
  for (const auto& [path, seen] : values) {
    const std::vector<std::string> words = Words(path);
    if (seen.size() < 2 || words.front() == "threads" || words.front() == "profile") continue;
    names[path] = words.back();
    ++uses[words.back()];
  }
  for (auto& [path, name] : names)
    if (uses[name] > 1) name = Words(path).front() + "." + name;
  std::vector<std::vector<std::string>> differences;
  for (const Json& all : flat) {
    std::vector<std::string>& own = differences.emplace_back();
    for (const auto& [path, name] : names)
      if (all.contains(path)) own.push_back(name + "=" + Shown(all.at(path)));
  }
  return differences;
}

}  // namespace zerosweep
