// How exactly convolutions are computed.
#pragma once

namespace zerosweep {

enum class Precision {
  kFloat32,
  // Operands and results of a convolution, and of its gradients, are rounded to bfloat16 (8 bits of
  // significand); its sums are float32 where the processor multiplies such numbers itself.
  kBfloat16
};

}  // namespace zerosweep
