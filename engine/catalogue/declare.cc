#include "engine/catalogue/declare.h"

#include <algorithm>

#include "base/error.h"
#include "engine/catalogue/protocol_fields.h"

namespace zerosweep {
namespace {

struct Declared {
  Declaration declaration;
  std::function<void(Declaration&)> complete;
};

std::map<Role, std::vector<Declared>>& All() {
  static std::map<Role, std::vector<Declared>> declared;
  return declared;
}

std::vector<Declaration> Described(Role role, const std::vector<Declared>& declared) {
  std::vector<Declaration> list;
  for (const auto& [declaration, complete] : declared) {
    list.push_back(declaration);
    if (complete) complete(list.back());
  }
  std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  const auto duplicate = std::adjacent_find(
      list.begin(), list.end(), [](const auto& a, const auto& b) { return a.name == b.name; });
  if (duplicate != list.end())
    Fail(ErrorKind::kInternal, "{} '{}' is declared twice", ToString(role), duplicate->name);
  return list;
}

}  // namespace

Declare::Declare(Role role, Declaration declaration, std::function<void(Declaration&)> complete) {
  All()[role].push_back({std::move(declaration), std::move(complete)});
}

Declarations DescribeAll() {
  Declarations declarations{Protocols(), {}};
  for (const Role role : kAllRoles) declarations.by_role[role] = Described(role, All()[role]);
  return declarations;
}

std::string CatalogueDigest() { return JsonDigest(ToJson(DescribeAll())); }

}  // namespace zerosweep
