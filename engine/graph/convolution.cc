#include "engine/graph/convolution.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace zerosweep {
namespace {

// Below, the conversions cost more than the products (docs/performance.md).
constexpr int64_t kFewestChannels = 16;

}  // namespace

torch::Tensor Convolve(const torch::Tensor& x, const torch::Tensor& weight,
                       const torch::Tensor& bias, const Window& window, Precision precision) {
  const auto convolve = [&](const torch::Tensor& of, const torch::Tensor& with,
                            const torch::Tensor& plus) {
    return torch::conv2d(of, with, plus, window.stride, window.padding, window.dilation,
                         window.groups);
  };
  if (precision == Precision::kFloat32 || window.groups > 1 || x.size(1) < kFewestChannels)
    return convolve(x, weight, bias);
  const torch::Tensor y =
      convolve(x.to(torch::kBFloat16), weight.to(torch::kBFloat16), {}).to(torch::kFloat32);
  return bias.defined() ? y + bias.view({-1, 1, 1}) : y;
}

double ConvolutionSeconds(Precision precision, torch::Device device) {
  const auto options = torch::TensorOptions(torch::kFloat32).device(device);
  const torch::Tensor x = torch::ones({32, 64, 16, 16}, options)
                              .contiguous(torch::MemoryFormat::ChannelsLast)
                              .set_requires_grad(true);
  const torch::Tensor weight = torch::ones({64, 64, 3, 3}, options);
  double shortest = std::numeric_limits<double>::infinity();
  for (int run = 0; run < 5; ++run) {
    const auto start = std::chrono::steady_clock::now();
    x.mutable_grad() = torch::Tensor();
    const torch::Tensor y = Convolve(x, weight, {}, {.padding = {1, 1}}, precision);
    y.sum().backward();
    static_cast<void>(x.grad()[0][0][0][0].item<float>());  // a GPU has finished
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    shortest = std::min(shortest, taken.count());
  }
  return shortest;
}

}  // namespace zerosweep
