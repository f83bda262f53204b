// Statistics of batches that are spread over ranks, and batch norm with these statistics.
#pragma once

#include <torch/types.h>

#include <vector>

#include "engine/kernels/batch_norm.h"
#include "engine/parallel/group.h"

namespace zerosweep {

// Mean and biased variance, both (C), over N·H·W of all ranks' tensors.
struct Moments {
  torch::Tensor mean, variance;
};

// Joins the moments of the images of several tensors N×C×H×W, in two collectives: first sums, then
// squared deviations. Differentiable once, with one more collective. `group` must outlive the
// autograd graph.
std::vector<Moments> GlobalMoments(Group& group, const std::vector<ImageMoments>& tensors);

// (x − mean) / √(variance + epsilon) · gamma + beta with the moments of all ranks' x; gamma and
// beta: (C), or undefined. Three collectives, forward and backward together.
torch::Tensor GlobalBatchNorm(Group& group, const torch::Tensor& x, const torch::Tensor& gamma,
                              const torch::Tensor& beta, double epsilon);

}  // namespace zerosweep
