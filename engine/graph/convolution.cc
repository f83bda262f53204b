#include "engine/graph/convolution.h"

#include <ATen/cpu/Utils.h>

namespace zerosweep {
namespace {

// Below, the conversions cost more than the products save.
constexpr int64_t kFewestChannels = 16;

}  // namespace

torch::Tensor Convolve(const torch::Tensor& x, const torch::Tensor& weight,
                       const torch::Tensor& bias, const ConvolutionShape& shape,
                       Precision precision) {
  const auto convolve = [&](const torch::Tensor& of, const torch::Tensor& with,
                            const torch::Tensor& plus) {
    return torch::conv2d(of, with, plus, shape.stride, shape.padding, shape.dilation, shape.groups);
  };
  if (precision == Precision::kFloat32 || shape.groups > 1 || x.size(1) < kFewestChannels)
    return convolve(x, weight, bias);
  const torch::Tensor y =
      convolve(x.to(torch::kBFloat16), weight.to(torch::kBFloat16), {}).to(torch::kFloat32);
  return bias.defined() ? y + bias.view({-1, 1, 1}) : y;
}

bool Bfloat16IsFaster(torch::Device device) {
  if (device.is_cuda()) return true;
  static const bool has_units = [] {
    const auto capabilities = at::cpu::get_cpu_capabilities();
    const auto found = capabilities.find("amx_bf16");
    return found != capabilities.end() && found->second.toBool();
  }();
  return has_units;
}

}  // namespace zerosweep
