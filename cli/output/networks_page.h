// docs/networks.md, printed from the catalogue so that it is never written twice.
#pragma once

#include <string>

#include "sweeps/values/catalogue.h"

namespace zerosweep {

// The whole page in Markdown: the built-in architectures, and the files of weights that they load.
std::string NetworksPage(const Catalogue& catalogue);

}  // namespace zerosweep
