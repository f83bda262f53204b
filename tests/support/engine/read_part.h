// The settings of a shared group of parameters, whichever method declares them.
#pragma once

#include "engine/catalogue/params.h"

namespace zerosweep {

// Reads those of `values` that `params` declares.
template <typename Settings>
Settings ReadPart(const Params<Settings>& params, const Json& values) {
  Json part = Json::object();
  for (const ParamSpec& spec : params.specs()) part[spec.name] = values.at(spec.name);
  return params.Read("a test", part);
}

}  // namespace zerosweep
