// docs/methods.md, printed from the catalogue so that it is never written twice.
#pragma once

#include <string>

#include "sweeps/values/catalogue.h"

namespace zerosweep {

// The whole page in Markdown: recipes, synthesizers, quantizers, stage kinds and protocol
// fields, with every parameter.
std::string MethodsPage(const Catalogue& catalogue);

}  // namespace zerosweep
