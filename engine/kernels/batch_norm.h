// Frozen batch norm with what surrounds it in a network, and the moments of its input.
#pragma once

#include <torch/types.h>

#include <optional>

#include "engine/kernels/batch_norm_loops.h"

namespace zerosweep {

// Of each image of a tensor N×C×H×W: the mean over H·W, and the sum of squared deviations from it,
// both N×C. Sums, so that division and reduction over images or ranks are the caller's.
struct ImageMoments {
  torch::Tensor mean, squares;
  int64_t values = 0;  // H·W
};

// y = activation(γ · (x − μ) / √(σ² + ε) + β + residual), with μ and σ² as they are; with a grid,
// the values of its codes that are nearest to y, or these codes, without gradient.
struct FrozenNorm {
  torch::Tensor weight, bias, mean, variance;  // γ, β (undefined: 1, 0), μ, σ²: (C), no gradient
  double epsilon = 0;
  Activation activation = Activation::kNone;
  const FakeGrid* grid = nullptr;
};
struct NormResult {
  torch::Tensor y;
  ImageMoments moments;  // of x, if wanted
};

// x: N×C×H×W; residual: of the same shape, or undefined. Differentiable once, in x and residual;
// x may be overwritten when no gradient is recorded and `overwrite` allows it. One pass over memory
// each way for float32 on the CPU, tensor operations elsewhere. Means of any size cost no digits of
// the squares, and the bits do not depend on the number of threads.
NormResult Normalise(const FrozenNorm& norm, const torch::Tensor& x, const torch::Tensor& residual,
                     bool with_moments, bool overwrite = false);

// The moments alone. Differentiable once.
ImageMoments MomentsByImage(const torch::Tensor& x);

}  // namespace zerosweep
