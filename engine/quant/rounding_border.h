// Where rounding borders (kernels/border_quantizer.h) stand, and where they begin.
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
