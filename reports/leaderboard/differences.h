// The differences between configurations.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace zerosweep {

// The paths (JSON pointers) at which these flattened configurations do not all have the same value,
// in alphabetical order. A path that some of them lack counts too.
std::vector<std::string> DifferingPaths(const std::vector<Json>& flat);

}  // namespace zerosweep
