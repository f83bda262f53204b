// What no method with a generator that learns beside its student (engine/joint/joint_training.h)
// can do.
#pragma once

#include <vector>

#include "engine/catalogue/limits.h"

namespace zerosweep {

std::vector<Limit> JointLimits();

}  // namespace zerosweep
