#include "sweeps/values/catalogue.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace zerosweep {
namespace {

template <typename Named>
const Named* FindNamed(const std::vector<Named>& list, const std::string& name) {
  const auto found = std::ranges::find(list, name, &Named::name);
  return found == list.end() ? nullptr : &*found;
}

template <typename Named>
std::vector<std::string> NamesIn(const std::vector<Named>& list) {
  std::vector<std::string> names;
  for (const Named& entry : list) names.push_back(entry.name);
  return names;
}

}  // namespace

Catalogue::Catalogue(Declarations declarations, std::vector<Recipe> recipes)
    : declarations_(std::move(declarations)),
      recipes_(std::move(recipes)),
      digest_(JsonDigest(ToJson(declarations_))) {}

const Declaration* Catalogue::Find(Role role, const std::string& name) const {
  return FindNamed(Of(role), name);
}

const Declaration& Catalogue::Get(Role role, const std::string& name,
                                  const std::string& where) const {
  if (const Declaration* found = Find(role, name)) return *found;
  Fail(ErrorKind::kUsage, "{}: unknown {} '{}'{}", where, ToString(role), name,
       Suggestion(name, Names(role)));
}

const Declaration& Catalogue::Kind(const std::string& name) const {
  if (const Declaration* found = Find(Role::kKind, name)) return *found;
  Fail(ErrorKind::kInternal, "the catalogue declares no stage kind '{}'", name);
}

std::vector<const Declaration*> Catalogue::KindsSetBy(KindFacts::SetBy block) const {
  std::vector<const Declaration*> kinds;
  for (const Declaration& kind : Of(Role::kKind))
    if (kind.kind().set_by == block && kind.kind().presence != KindFacts::Presence::kAlone)
      kinds.push_back(&kind);
  return kinds;
}

const Declaration& Catalogue::KindThatRuns(Role role) const {
  for (const Declaration& kind : Of(Role::kKind))
    if (kind.kind().runs == role) return kind;
  Fail(ErrorKind::kInternal, "no stage kind of the catalogue runs a {}", ToString(role));
}

std::vector<std::string> Catalogue::Names(Role role) const { return NamesIn(Of(role)); }

const Recipe* Catalogue::FindRecipe(const std::string& name) const {
  return FindNamed(recipes_, name);
}

std::vector<std::string> Catalogue::RecipeNames() const { return NamesIn(recipes_); }

}  // namespace zerosweep
