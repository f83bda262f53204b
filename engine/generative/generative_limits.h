// Limits of all methods whose generator is trained together with the student
// (engine/generative/generative_training.h).
#pragma once

#include <vector>

#include "engine/catalogue/limits.h"

namespace zerosweep {

std::vector<Limit> GenerativeLimits();

}  // namespace zerosweep
