// What no method whose generator learns together with its student
// (engine/generative/generative_training.h) can do.
#pragma once

#include <vector>

#include "engine/catalogue/limits.h"

namespace zerosweep {

std::vector<Limit> GenerativeLimits();

}  // namespace zerosweep
