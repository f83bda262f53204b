// Layouts of checkpoints of Inception-v3.
#pragma once

#include <vector>

#include "engine/import/key_layout.h"

namespace zerosweep {

// Returns those of torchvision (without the auxiliary classifier) and pytorchcv.
std::vector<KeyLayout> InceptionLayouts();

}  // namespace zerosweep
