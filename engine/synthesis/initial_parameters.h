// Initial values of a generator's parameters. They are leaves that require a gradient, drawn in
// float32 and then converted to the type and device of `options`.
#pragma once

#include <torch/types.h>

#include "engine/random/streams.h"

namespace zerosweep {

// U(±1/√fan_in), PyTorch's default for weights and biases of linear layers and convolutions.
// Four-dimensional tensors are channels last.
torch::Tensor UniformParameter(at::IntArrayRef shape, int64_t fan_in, RandomSequence draws,
                               const torch::TensorOptions& options);
// N(0, 1), PyTorch's default for embeddings.
torch::Tensor NormalParameter(at::IntArrayRef shape, RandomSequence draws,
                              const torch::TensorOptions& options);
torch::Tensor ConstantParameter(at::IntArrayRef shape, double value,
                                const torch::TensorOptions& options);

}  // namespace zerosweep
