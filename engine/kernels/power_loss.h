// The error of a unit's output with its gradient, in one pass.
#pragma once

#include <torch/types.h>

namespace zerosweep {

struct PowerLoss {
  torch::Tensor value;     // a scalar
  torch::Tensor gradient;  // of y's shape
};

// mean over images and pixels of Σ_channels weight·|y − t|^p. y, target: N×C×…; weight: of the same
// shape, or undefined: 1. Nothing is recorded by autograd. The bits do not depend on the number of
// threads.
PowerLoss MeanPower(const torch::Tensor& y, const torch::Tensor& target,
                    const torch::Tensor& weight, double p);

}  // namespace zerosweep
