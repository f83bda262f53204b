// What `inspect` and `import` say of a file's network.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "sweeps/values/catalogue.h"

namespace zerosweep {

// Lines for people about a report (docs/stage_protocol.md, `--inspect`): its format, sizes, recipes,
// and what is missing.
std::vector<std::string> LinesAbout(const Json& report, const Catalogue& catalogue);

}  // namespace zerosweep
