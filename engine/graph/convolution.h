// Convolutions, in single precision or with products of bfloat16.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

namespace zerosweep {

enum class Precision {
  kFloat32,
  // Operands and results of a convolution, and of its gradients, are rounded to bfloat16 (8 bits of
  // significand); sums are float32. Matrix units multiply it several times as fast.
  kBfloat16
};

// Where a kernel goes; the numbers are [vertical, horizontal].
struct Window {
  std::vector<int64_t> stride = {1, 1}, padding = {0, 0}, dilation = {1, 1};
  int64_t groups = 1;
};

// x: N×C×H×W, weight: O×C/groups×kh×kw, bias: (O) or undefined, all float32. Returns float32,
// differentiable. Convolutions that bfloat16 would not make faster stay float32: those with groups,
// and those of fewer than 16 channels.
torch::Tensor Convolve(const torch::Tensor& x, const torch::Tensor& weight,
                       const torch::Tensor& bias, const Window& window,
                       Precision precision = Precision::kFloat32);

// Seconds of a small convolution with its gradient: the shortest of several, on one thread or as
// many as LibTorch has. Tells where a precision is worth while.
double ConvolutionSeconds(Precision precision, torch::Device device);

}  // namespace zerosweep
