#include "cli/paper_settings.h"

#include "sweeps/values/methods.h"
#include "sweeps/values/protocols.h"

namespace zerosweep {
namespace {

// Parameters that change no number of a trial's final network: how many intermediate states are
// scored, and on how many ranks a stage is computed.
const std::vector<std::string> kWithoutInfluence = {"snapshots", "ranks"};
// Joint methods draw these images in addition to their training images; other methods take them
// from the training images.
constexpr const char* kHeldout = "heldout";

constexpr const char* kPaper = "paper";  // the profile

Json DeclaredValues(const Declaration& declaration, const std::string& variant) {
  Json values = ResolveParams(declaration, Json::object(), Json::object(), kPaper, variant);
  for (const std::string& name : kWithoutInfluence) values.erase(name);
  const auto* method = std::get_if<MethodFacts>(&declaration.facts);
  if (method != nullptr && method->joint) values.erase(kHeldout);
  return values;
}

// A recipe's settings of each of its parts under the profile `paper`, and its protocol's label by
// variant.
Json SetBy(const Recipe& recipe, const Catalogue& catalogue) {
  Json set = Json::object();
  for (const std::string& variant : kVariants)
    set["protocol"][variant] = ResolveProtocol(recipe.protocol.Of(variant), catalogue).label;
  for (const Role role : recipe.Roles()) {
    Json& of_part = set[ToString(role)] = Json::object();
    for (const auto& [name, value] : recipe.Part(role).params.items())
      of_part[name] = value.is_object() ? value.at(kPaper) : value;
  }
  return set;
}

// Whether a paper sets parameters of this kind of stage, although the stage runs none of the
// paper's parts.
bool IsOfPaper(const KindFacts& kind) {
  return kind.presence == KindFacts::Presence::kNeeded ||
         kind.presence == KindFacts::Presence::kMixedBits;
}

}  // namespace

PaperSettings PapersOwn() {
  const Catalogue& catalogue = CompiledCatalogue();
  PaperSettings papers;
  for (const auto& [name, fields] : catalogue.protocol().presets)
    papers.presets[name] = ResolveProtocol({name, Json::object()}, catalogue).fields;
  for (const std::string& variant : kVariants) {
    for (const Role role : {Role::kSynthesizer, Role::kQuantizer})
      for (const Declaration& part : catalogue.Of(role))
        papers.parts[{ToString(role) + (" " + part.name), variant}] = DeclaredValues(part, variant);
    for (const Declaration& kind : catalogue.Of(Role::kKind))
      if (IsOfPaper(kind.kind()))
        papers.parts[{kind.name, variant}] = DeclaredValues(kind, variant);
  }
  for (const Recipe& recipe : catalogue.recipes())
    papers.recipes[recipe.name] = SetBy(recipe, catalogue);
  return papers;
}

}  // namespace zerosweep
