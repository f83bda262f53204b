// What reconstructions (engine/reconstruction/reconstruction.h) cannot do.
#pragma once

#include <vector>

#include "engine/catalogue/limits.h"

namespace zerosweep {

// Shortcuts that read another tensor than the rest of their block, without quantizers in front of
// operators.
std::vector<Limit> ShortcutLimits();

// These, and units given by name that do not fit the network or the treatment of its stem.
std::vector<Limit> ReconstructionLimits();

}  // namespace zerosweep
