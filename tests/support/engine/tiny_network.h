// Networks of two convolutions: small enough for closed forms and millisecond tests.
#pragma once

#include "engine/graph/teacher.h"

namespace zerosweep {

// With random batch-norm statistics: 3×8×8 → conv 3×3 (8) → BN → ReLU → conv 3×3 stride 2 (8) → BN
// → add its 2×2-pooled input → ReLU → mean → linear (4).
Teacher TinyTeacher(uint64_t seed = 0);

// Like the end of pytorchcv's MobileNetV2: 3×side×side → conv 3×3 (8) → BN → ReLU → conv 3×3 stride
// 2 (8) → BN → ReLU → mean → conv 1×1 without bias (4), with or without a flatten at the end.
Teacher ConvHeadTeacher(int64_t side, bool flatten = true);

// 3×8×8 → conv1 3×3 (4) → relu1 → conv2 3×3 (4) → add relu1 → relu2 → mean → linear (3): an
// identity shortcut, and no batch norm.
Teacher SkipTeacher();

}  // namespace zerosweep
