#include "cli/paper_settings.h"

#include "sweeps/methods.h"
#include "sweeps/protocols.h"

namespace zerosweep {
namespace {

Json ParametersOf(const Json& recipe, const std::string& variant, const Catalogue& catalogue) {
  Json parameters = Json::object();
  for (const std::string& role : RolesOf(recipe)) {
    const Json& part = recipe.at(role);
    const Json& declaration = catalogue.Get(role, part.at("name"), "recipe");
    parameters[role] =
        ResolveParams(declaration, Json::object(), part.at("params"), "paper", variant);
  }
  return parameters;
}

}  // namespace

PaperSettings PapersOwn() {
  const Catalogue& catalogue = CompiledCatalogue();
  PaperSettings papers;
  for (const auto& [name, fields] : catalogue.protocol().at("presets").items())
    papers.presets[name] = ResolveProtocol({name, Json::object()}, catalogue).fields;
  for (const Json& recipe : catalogue.recipes())
    for (const std::string& variant : kVariants)
      papers.parameters[{recipe.at("name"), variant}] = ParametersOf(recipe, variant, catalogue);
  return papers;
}

}  // namespace zerosweep
