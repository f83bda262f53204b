#include "engine/graph/convolution.h"

#include <ATen/cpu/Utils.h>

#include <algorithm>
#include <chrono>
#include <limits>

namespace zerosweep {
namespace {

// Below, the conversions cost more than the products save.
constexpr int64_t kFewestChannels = 16;

// Below, the steps between convolutions eat up the gain.
constexpr double kLeastGain = 1.3;

bool CpuHas(const char* feature) {
  const auto capabilities = at::cpu::get_cpu_capabilities();
  const auto found = capabilities.find(feature);
  return found != capabilities.end() && found->second.toBool();
}

// How much faster a convolution in bfloat16 is, its conversions included. Processors with
// AVX512_BF16 differ: some have twice the throughput of float32, some half of it. Takes about 20 ms.
double GainOfBfloat16() {
  const torch::NoGradGuard no_grad;
  const auto ones = [](at::IntArrayRef shape) {
    return torch::ones(shape).contiguous(at::MemoryFormat::ChannelsLast);
  };
  const torch::Tensor x = ones({8, 64, 16, 16}), weight = ones({64, 64, 3, 3});
  const auto seconds = [&](Precision precision) {
    double least = std::numeric_limits<double>::infinity();
    for (int i = 0; i < 8; ++i) {
      const auto start = std::chrono::steady_clock::now();
      Convolve(x, weight, {}, {}, precision);
      const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
      least = std::min(least, taken.count());
    }
    return least;
  };
  return seconds(Precision::kFloat32) / seconds(Precision::kBfloat16);
}

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
  static const bool faster =
      CpuHas("amx_bf16") || (CpuHas("avx512_bf16") && GainOfBfloat16() > kLeastGain);
  return faster;
}

}  // namespace zerosweep
