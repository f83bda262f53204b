// Generates docs/methods.md from the catalogue.
#pragma once

#include <string>

#include "sweeps/values/catalogue.h"

namespace zerosweep {

// The whole page in Markdown: recipes, synthesizers, quantizers, stage kinds and protocol
// fields, with every parameter.
std::string MethodsPage(const Catalogue& catalogue);

}  // namespace zerosweep
