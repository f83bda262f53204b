// Softly rounded weights with their regulariser (AdaRound: Nagel et al., ICML 2020,
// arXiv:2004.10568, eq. 22–25).
#pragma once

#include <torch/types.h>

#include <optional>

#include "engine/kernels/soft_rounding_loops.h"

namespace zerosweep {

// What stays fixed while weights are rounded, one grid per output channel.
struct RoundingGrid {
  torch::Tensor base;        // B = ⌊w/s₀⌋, of the weight's shape
  torch::Tensor zero_point;  // z, (C, 1, …)
  int64_t most = 0;          // 2^k − 1, or 2^k − 2 of a narrow grid
};

struct SoftRounding {
  torch::Tensor weight;  // w̃ = s·(clamp(B + h(V) + z, 0, most) − z)
  torch::Tensor loss;    // Σ 1 − |2h(V) − 1|^b, a scalar; undefined without b
};

// v: of the weight's shape; step: s, (C, 1, …). Differentiable once, in both. One pass over memory
// each way for float32 on the CPU, tensor operations elsewhere; the bits do not depend on the number
// of threads.
SoftRounding RoundSoftly(const RoundingGrid& grid, const torch::Tensor& v,
                         const torch::Tensor& step, std::optional<double> b);

}  // namespace zerosweep
