// What sets configurations apart that have one name.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace zerosweep {

// For each configuration (JSON objects) its values of the parameters that are not the same in all:
// "weights=lsq", by the parameter's own name; where several of that name differ, with what it
// belongs to: "quantizer.batch=32". Those that all have and those that say only how something is
// computed (threads, profile) are left out.
std::vector<std::vector<std::string>> Differences(const std::vector<Json>& configurations);

}  // namespace zerosweep
