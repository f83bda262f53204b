// AQuant's rounding border (Li et al., arXiv:2208.11945): an activation is rounded up where its
// fraction lies above a learned function of the activation itself, not above one half.
//
//   u = x/s,  t = u/(2^k − 1),  B(u) = clip(1/2 + b0 + b1·t + b2·t², 0, 0.999)
//   q = clip(ceil(u − B(u)), −z, 2^k − 1 − z),  x̂ = s·q
//
// The paper's code is not public, and only its abstract could be verified: that the border is
// quadratic. The clipping and the learning are our design. The border stays below 1 so that a value
// that lies on a code (a ReLU's zero, a convolution's padding) keeps it. t puts the three
// coefficients on one scale for Adam.
#pragma once

#include <torch/types.h>

namespace zerosweep {

// x: N×R×…; step: () with s > 0; border: 3×R, the rows b0, b1, b2; keep: uint8 of x's shape, 0
// where x itself is taken, or undefined. Differentiable in x, step and border, straight through
// ceil, with B constant for the gradients of x and step:
//   inside the range    dx̂/dx = 1   dx̂/ds = q − u   dx̂/dB = −s
//   outside             dx̂/dx = 0   dx̂/ds = q       dx̂/dB = 0
// The gradient of the step is divided by √(values · (2^k − 1)). One pass over memory each way for
// float32 on the CPU, tensor operations elsewhere.
torch::Tensor BorderQuantize(const torch::Tensor& x, const torch::Tensor& step,
                             const torch::Tensor& border, int zero_point, int bits,
                             const torch::Tensor& keep = {});

}  // namespace zerosweep
