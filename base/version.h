// The version of this Zerosweep.
#pragma once

#include <string>

namespace zerosweep {

// "0.1.0"
std::string Version();
// The commit it was built from ("5a1b2c3", "5a1b2c3-dirty", "unknown" outside a checkout).
std::string CodeRevision();

}  // namespace zerosweep
