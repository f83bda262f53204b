#include "engine/synthesis/initial_parameters.h"

#include <cmath>
#include <functional>

namespace zerosweep {
namespace {

torch::Tensor Filled(at::IntArrayRef shape, const std::function<float()>& draw,
                     const torch::TensorOptions& options) {
  torch::Tensor tensor = torch::empty(shape, torch::kFloat32);
  float* values = tensor.data_ptr<float>();
  for (int64_t i = 0; i < tensor.numel(); ++i) values[i] = draw();
  if (tensor.dim() == 4) tensor = tensor.contiguous(torch::MemoryFormat::ChannelsLast);
  return tensor.to(options).set_requires_grad(true);
}

}  // namespace

torch::Tensor UniformParameter(at::IntArrayRef shape, int64_t fan_in, RandomSequence draws,
                               const torch::TensorOptions& options) {
  const float bound = 1.0F / std::sqrt(static_cast<float>(fan_in));
  return Filled(
      shape, [&] { return bound * (2 * draws.Uniform() - 1); }, options);
}

torch::Tensor NormalParameter(at::IntArrayRef shape, RandomSequence draws,
                              const torch::TensorOptions& options) {
  return Filled(
      shape, [&] { return draws.Normal(); }, options);
}

torch::Tensor ConstantParameter(at::IntArrayRef shape, double value,
                                const torch::TensorOptions& options) {
  return torch::full(shape, value, options).set_requires_grad(true);
}

}  // namespace zerosweep
