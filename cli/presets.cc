#include "cli/presets.h"

#include "sweeps/protocols.h"

namespace zerosweep {

Presets ProtocolPresets() {
  const Catalogue& catalogue = CompiledCatalogue();
  Presets presets;
  for (const auto& [name, fields] : catalogue.protocol().at("presets").items())
    presets[name] = ResolveProtocol({name, Json::object()}, catalogue).fields;
  return presets;
}

}  // namespace zerosweep
