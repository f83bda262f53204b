// Limits of reconstruction (engine/reconstruction/reconstruction.h).
#pragma once

#include <vector>

#include "engine/catalogue/limits.h"

namespace zerosweep {

// Refuses shortcuts that read a different tensor from the rest of their block, unless quantizers
// stand at the inputs of operators.
std::vector<Limit> ShortcutLimits();

// ShortcutLimits, and limits for units given by name that do not fit the network or the treatment
// of its stem.
std::vector<Limit> ReconstructionLimits();

}  // namespace zerosweep
