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

#include <vector>

namespace zerosweep {

// Which activations share the three coefficients.
enum class BorderRows {
  kChannel,  // those of a channel: the tensor is quantized once, for all its readers
  kElement   // those of a row of a convolution's im2col matrix (channel × kernel position): every
             // reader quantizes separately, and a pixel once for each window that it lies in
};

// x: N×R×…; step: () with s > 0; border: 3×R, the rows b0, b1, b2; keep: uint8 of x's shape, 0
// where x itself is taken, or undefined. Differentiable in x, step and border, straight through
// ceil, with B constant for the gradients of x and step:
//   inside the range    dx̂/dx = 1   dx̂/ds = q − u   dx̂/dB = −s
//   outside             dx̂/dx = 0   dx̂/ds = q       dx̂/dB = 0
// The gradient of the step is divided by √(values · (2^k − 1)).
torch::Tensor BorderQuantize(const torch::Tensor& x, const torch::Tensor& step,
                             const torch::Tensor& border, int zero_point, int bits,
                             const torch::Tensor& keep = {});

// A convolution or linear layer that reads the tensor. Weights: O×I/groups×kh×kw or O×I.
struct BorderReader {
  torch::Tensor weight, rounded;  // W and Ŵ
  int64_t groups = 1;
};

// Returns the border, 3×R in float32, that minimises the error of ŵ·x̂ against w·x, on average over
// the outputs that an activation contributes to:
//   B(u) = 1/2 + (1 − r)·u,   r = ⟨Ŵ, W⟩/⟨Ŵ, Ŵ⟩
// Derivation: (ŵ·x̂ − w·x)² is smaller for the upper code where the fraction exceeds 1/2 + (1 −
// w/ŵ)·u, and r is the least-squares estimate of w/ŵ.
// REQUIRES: readers with equally many channels; one reader for kElement.
torch::Tensor ClosedFormBorder(const std::vector<BorderReader>& readers, BorderRows rows, int bits);

}  // namespace zerosweep
