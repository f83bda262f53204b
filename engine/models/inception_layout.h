// How checkpoints of Inception-v3 name its weights.
#pragma once

#include <vector>

#include "engine/import/key_layout.h"

namespace zerosweep {

// torchvision (the auxiliary classifier is left out) and pytorchcv.
std::vector<KeyLayout> InceptionLayouts();

}  // namespace zerosweep
