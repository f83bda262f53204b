#include "engine/synthesis/generator_layers.h"

#include <gtest/gtest.h>

namespace zerosweep {
namespace {

// The doubled maps convolved as they stand, in the type of x.
torch::Tensor Plain(const torch::Tensor& x, const torch::Tensor& weight,
                    const torch::Tensor& bias) {
  return torch::conv2d(torch::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)}), weight, bias,
                       /*stride=*/1, /*padding=*/1);
}

TEST(GeneratorLayersTest, FourSmallKernelsAreTheConvolutionOfDoubledMaps) {
  torch::manual_seed(1);
  for (const auto& shape : {std::vector<int64_t>{2, 5, 7, 4}, {1, 1, 1, 1}, {3, 16, 8, 8}}) {
    for (const bool with_bias : {false, true}) {
      const auto run = [&](const auto& function, torch::Dtype type) {
        torch::manual_seed(2);
        const auto leaf = [&](at::IntArrayRef of) {
          return torch::randn(of, torch::kFloat64).to(type).requires_grad_(true);
        };
        const torch::Tensor x = leaf(shape), weight = leaf({3, shape[1], 3, 3}),
                            bias = with_bias ? leaf({3}) : torch::Tensor();
        const torch::Tensor y = function(x, weight, bias);
        (y * torch::sin(torch::arange(y.numel(), y.options()).view_as(y))).sum().backward();
        std::vector<torch::Tensor> all = {y, x.grad(), weight.grad()};
        if (with_bias) all.push_back(bias.grad());
        return all;
      };
      const auto plain = run(Plain, torch::kFloat64);
      const auto in_one_step = [](const torch::Tensor& x, const torch::Tensor& weight,
                                  const torch::Tensor& bias) {
        return ConvolveTwiceAsLarge(x, weight, bias);
      };
      const auto ours = run(in_one_step, torch::kFloat32), wide = run(in_one_step, torch::kFloat64);
      for (size_t i = 0; i < plain.size(); ++i) {
        EXPECT_TRUE(torch::allclose(wide[i], plain[i], 1e-12, 1e-12)) << i;
        EXPECT_TRUE(torch::allclose(ours[i].to(torch::kFloat64), plain[i], 1e-4, 1e-4)) << i;
      }
      EXPECT_TRUE(ours[0].is_contiguous(torch::MemoryFormat::ChannelsLast));
    }
  }
}

}  // namespace
}  // namespace zerosweep
