// The forward and backward pass of LearnedQuantize (learned_quantizer.h), without autograd: one
// pass over memory for float32 on the CPU, tensor expressions for everything else.
#pragma once

#include <torch/types.h>

#include <utility>

namespace zerosweep {

struct LearnedCall {
  torch::Tensor x, step, keep;  // keep may be undefined
  int64_t zero_point = 0;
  int64_t bits = 0;
  bool clamp_first = false;

  // Bounds of q − z.
  double low() const { return -static_cast<double>(zero_point); }
  double high() const { return static_cast<double>((int64_t{1} << bits) - 1) + low(); }
};

torch::Tensor LearnedForward(const LearnedCall& call);
// Returns the gradients of x and of the step, the latter without LSQ's factor. The bits of neither
// depend on the number of threads.
std::pair<torch::Tensor, torch::Tensor> LearnedBackward(const LearnedCall& call,
                                                        const torch::Tensor& gradient);

}  // namespace zerosweep
