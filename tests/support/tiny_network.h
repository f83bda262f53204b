// A network of two convolutions with random batch-norm statistics: small enough for closed forms
// and millisecond tests.
#pragma once

#include "engine/teacher.h"

namespace zerosweep {

// 3×8×8 → conv 3×3 (8) → BN → ReLU → conv 3×3 stride 2 (8) → BN → add its 2×2-pooled input → ReLU →
// mean → linear (4).
Teacher TinyTeacher(uint64_t seed = 0);

}  // namespace zerosweep
