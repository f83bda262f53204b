// Where configurations are not the same.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace zerosweep {

// The places (JSON pointers) at which these flattened configurations do not all hold one value, in
// alphabetical order. One that some do not hold is such a place, too.
std::vector<std::string> DifferingPaths(const std::vector<Json>& flat);

}  // namespace zerosweep
