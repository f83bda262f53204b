#include "cli/paper_settings.h"

#include "sweeps/methods.h"
#include "sweeps/protocols.h"

namespace zerosweep {
namespace {

// Parameters that change no number of the network that a trial ends with: how many states on the
// way are scored, on how many ranks a stage is computed.
const std::vector<std::string> kWithoutInfluence = {"snapshots", "ranks"};
// Joint methods draw these images beyond their training's; others take them from it.
constexpr const char* kHeldout = "heldout";

constexpr const char* kPaper = "paper";  // the profile

Json DeclaredValues(const Json& declaration, const std::string& variant) {
  Json values = ResolveParams(declaration, Json::object(), Json::object(), kPaper, variant);
  for (const std::string& name : kWithoutInfluence) values.erase(name);
  if (IsJoint(declaration)) values.erase(kHeldout);
  return values;
}

// What a recipe sets under the profile `paper`, of each of its parts, and its protocol's label by
// variant.
Json SetBy(const Json& recipe, const Catalogue& catalogue) {
  const RecipeProtocol protocol = RecipeProtocolFromJson(recipe.at("protocol"));
  Json set = Json::object();
  for (const std::string& variant : kVariants)
    set["protocol"][variant] = ResolveProtocol(protocol.Of(variant), catalogue).label;
  for (const std::string& role : RolesOf(recipe)) {
    set[role] = Json::object();
    for (const auto& [name, value] : recipe.at(role).at("params").items())
      set[role][name] = value.is_object() ? value.at(kPaper) : value;
  }
  return set;
}

}  // namespace

PaperSettings PapersOwn() {
  const Catalogue& catalogue = CompiledCatalogue();
  PaperSettings papers;
  for (const auto& [name, fields] : catalogue.protocol().at("presets").items())
    papers.presets[name] = ResolveProtocol({name, Json::object()}, catalogue).fields;
  for (const std::string& variant : kVariants) {
    for (const char* role : {"synthesizer", "quantizer"})
      for (const std::string& name : catalogue.Names(role))
        papers.parts[{role + (" " + name), variant}] =
            DeclaredValues(*catalogue.Find(role, name), variant);
    for (const char* kind : {"correct", "sensitivity"})
      if (const Json* declaration = catalogue.Find("kind", kind))
        papers.parts[{kind, variant}] = DeclaredValues(*declaration, variant);
  }
  for (const Json& recipe : catalogue.recipes())
    papers.recipes[recipe.at("name")] = SetBy(recipe, catalogue);
  return papers;
}

}  // namespace zerosweep
