// The error of quantizing rows of values on one candidate grid each, for a search over many.
#pragma once

#include <torch/types.h>

namespace zerosweep {

// x̂ = s·(clamp(round(x/s) + z, 0, most) − z), one s and z for each row.
struct RowGrids {
  torch::Tensor step, zero_point;  // (R, 1)
  int64_t most = 0;
};

// Lowers scores (R, 1) in float64 to Σ weights·|x̂ − x|^p where that is less, and returns where it
// is: (R, 1) bool. values: (R, N); weights: (R, N), or undefined for ones. A row stops as soon as its
// sum is no improvement. One pass over memory for float32 on the CPU, tensor operations elsewhere;
// the bits do not depend on the number of threads.
torch::Tensor LowerScores(const torch::Tensor& values, const torch::Tensor& weights,
                          const RowGrids& grids, double p, const torch::Tensor& scores);

}  // namespace zerosweep
