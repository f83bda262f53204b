#include "sweeps/catalogue.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace zerosweep {
namespace {

const Json* FindNamed(const Json& list, const std::string& name) {
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&](const Json& entry) { return entry.at("name") == name; });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

Catalogue::Catalogue(Json json, Json recipes)
    : json_(std::move(json)), recipes_(std::move(recipes)), digest_(JsonDigest(json_)) {}

const Json* Catalogue::Find(const std::string& role, const std::string& name) const {
  const auto list = json_.find(role + "s");
  return list == json_.end() ? nullptr : FindNamed(*list, name);
}

const Json& Catalogue::Get(const std::string& role, const std::string& name,
                           const std::string& where) const {
  if (const Json* found = Find(role, name)) return *found;
  Fail(ErrorKind::kUsage, "{}: unknown {} '{}'{}", where, role, name,
       Suggestion(name, Names(role)));
}

std::vector<std::string> Catalogue::Names(const std::string& role) const {
  std::vector<std::string> names;
  const Json& list = role == "recipe" ? recipes_ : json_.at(role + "s");
  for (const Json& entry : list) names.push_back(entry.at("name"));
  return names;
}

const Json* Catalogue::FindRecipe(const std::string& name) const {
  return FindNamed(recipes_, name);
}

bool RunsInGroups(const Json& declaration) {
  return declaration.at("facts").value("groups", false);
}

bool IsJoint(const Json& declaration) { return declaration.at("facts").value("joint", false); }

bool Needs(const Json& declaration, const std::string& what) {
  const Json& needs = declaration.at("needs");
  return std::find(needs.begin(), needs.end(), what) != needs.end();
}

}  // namespace zerosweep
