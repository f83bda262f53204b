// What `inspect` and `import` say of a file's network.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "sweeps/values/catalogue.h"

namespace zerosweep {

// Which recipes run on a network of those facts, and why the others do not.
struct RecipesOnNetwork {
  std::vector<std::string> fit;
  std::vector<std::pair<std::string, std::string>> refused;  // recipe, reason
};
RecipesOnNetwork RecipesFor(const ModelFacts& facts, const Catalogue& catalogue);

// Lines for people about a report (docs/stage_protocol.md, `--inspect`): its format, sizes, recipes,
// and what is missing.
std::vector<std::string> LinesAbout(const Json& report, const Catalogue& catalogue);

}  // namespace zerosweep
