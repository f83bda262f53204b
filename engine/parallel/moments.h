// Statistics of batches that are spread over ranks, and batch norm by them.
#pragma once

#include <torch/types.h>

#include <vector>

#include "engine/parallel/group.h"

namespace zerosweep {

// Mean and biased variance over N·H·W of all ranks' tensors, both C.
struct Moments {
  torch::Tensor mean, variance;
};

// Of several tensors N×C×H×W (or N×C), in two collectives: sums, then squares of what is left.
// Differentiable once, with one more. `group` outlives the graph.
std::vector<Moments> GlobalMoments(Group& group, const std::vector<torch::Tensor>& tensors);

// (x − mean) / √(variance + epsilon) · gamma + beta with GlobalMoments of x; gamma and beta C, or
// undefined. Three collectives, forward and backward together.
torch::Tensor GlobalBatchNorm(Group& group, const torch::Tensor& x, const torch::Tensor& gamma,
                              const torch::Tensor& beta, double epsilon);

}  // namespace zerosweep
