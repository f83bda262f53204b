// Convolutions in single precision, or with operands of bfloat16.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "engine/graph/precision.h"

namespace zerosweep {

// Two numbers are [vertical, horizontal].
struct ConvolutionShape {
  std::vector<int64_t> stride = {1, 1}, padding = {0, 0}, dilation = {1, 1};
  int64_t groups = 1;
};

// x: N×C×H×W, weight: O×C/groups×kh×kw, bias: (O) or undefined, all float32. Returns float32,
// differentiable. Convolutions that bfloat16 would not make faster stay float32: those with groups,
// and those of fewer than 16 input channels.
torch::Tensor Convolve(const torch::Tensor& x, const torch::Tensor& weight,
                       const torch::Tensor& bias, const ConvolutionShape& shape,
                       Precision precision = Precision::kFloat32);

// Whether bfloat16 makes convolutions faster there: on GPUs, on CPUs with AMX, and on those with
// AVX512_BF16 where a convolution, measured once, is. Other CPUs are slower (docs/performance.md).
bool Bfloat16IsFaster(torch::Device device);

}  // namespace zerosweep
