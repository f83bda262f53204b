// An activation quantizer whose step is learned (LSQ, Esser et al. 2020, arXiv:1902.08153), with
// element-wise drop (QDrop, Wei et al., ICLR 2022, arXiv:2203.05740).
#pragma once

#include <torch/types.h>

namespace zerosweep {

enum class StepGradient {
  // s·(clamp(round(x/s) + z, 0, 2^k − 1) − z), straight through the rounding. The gradient of s is
  // divided by √(values · (2^k − 1)), LSQ's factor (QDrop's branch `qdrop`). BRECQ, PD-Quant and
  // QDrop's branch `master` omit the factor; Adam makes the same steps, since it ignores scale.
  kRoundThenClamp,
  // s·round(clamp(x/s, −z, 2^k − 1 − z)), straight through only the rounding, unscaled (GENIE)
  kClampThenRound
};

// x: any shape; step: () with s > 0; keep: uint8 of x's shape, 1 where the quantized value is taken
// and 0 where x itself is; if undefined, all values are quantized. Differentiable in x and step:
//   inside the range     dx̂/dx = 1   dx̂/ds = round(x/s) − x/s
//   outside              dx̂/dx = 0   dx̂/ds = q − z
//   where x is taken     dx̂/dx = 1   dx̂/ds = 0
// One pass over memory each way for float32 on the CPU, tensor operations elsewhere; the bits do not
// depend on the number of threads.
torch::Tensor LearnedQuantize(const torch::Tensor& x, const torch::Tensor& step, int zero_point,
                              int bits, StepGradient gradient, const torch::Tensor& keep = {});

}  // namespace zerosweep
