#include "engine/kernels/fake_quantizer.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>

#include "engine/quant/number_format.h"

namespace zerosweep {
namespace {

// Each operation of the definition rounded by itself, by PyTorch.
torch::Tensor PlainQuantizer(const torch::Tensor& x, const FakeGrid& grid) {
  const torch::Tensor scale = torch::tensor(grid.inverse_scale), zero = torch::tensor(grid.offset);
  return (torch::clamp(torch::round(scale * x - zero), grid.low, grid.high) + zero) / scale;
}

// Many scales, since a division that is a multiplication must have the bits of a division.
TEST(FakeQuantizerTest, HasTheBitsOfSeparateOperations) {
  torch::manual_seed(1);
  const torch::Tensor x = torch::cat({torch::randn({3000}), torch::linspace(-4, 4, 1001)});
  int multiplied = 0;
  for (int bits = kMinBits; bits <= kMaxBits; ++bits) {
    for (int i = 0; i < 150; ++i) {
      const float scale = std::exp(torch::randn({}).item<float>() * 4);
      const float zero = static_cast<float>(torch::randint(-300, 300, {}).item<int>());
      const FakeGrid grid(scale, zero, bits);
      const torch::Tensor values = (x + zero / 4) / scale * (1 << bits) / 4;
      EXPECT_TRUE(
          torch::equal(FakeQuantizeTensor(values, grid, false), PlainQuantizer(values, grid)))
          << bits << " bits, scale " << scale << ", zero point " << zero;
      multiplied += grid.reciprocal != 0;
    }
  }
  // Nearly all of them, on machines with a fused multiply-add.
  if (__builtin_cpu_supports("fma") > 0) {
    EXPECT_GT(multiplied, 1000);
  }
}

TEST(FakeQuantizerTest, CodesHaveTheBitsOfTheValues) {
  torch::manual_seed(3);
  for (int bits = kMinBits; bits <= kMaxBits; ++bits) {
    for (const float zero : {-100.F, 0.F, 3.F, 128.F}) {
      FakeGrid grid(7.3F, zero, bits);
      const torch::Tensor x = torch::randn({1001}) * 10 + zero / 7.3F;
      const torch::Tensor values = FakeQuantizeTensor(x, grid, false);
      grid.as_codes = true;
      const torch::Tensor codes = FakeQuantizeTensor(x, grid, true);
      EXPECT_EQ(codes.scalar_type(), torch::kUInt8);
      EXPECT_LT(codes.max().item<int>(), 1 << bits);
      EXPECT_TRUE(torch::equal(DecodeTensor(codes, grid), values)) << bits << ' ' << zero;
    }
  }
}

TEST(FakeQuantizerTest, NanStaysInfinityIsClippedAndXMayBeOverwritten) {
  const FakeGrid grid(2, 3, 4);
  torch::Tensor x = torch::tensor({NAN, INFINITY, -INFINITY, 0.4F});
  const torch::Tensor y = FakeQuantizeTensor(x, grid, false);
  EXPECT_TRUE(std::isnan(y[0].item<float>()));
  EXPECT_EQ(y[1].item<float>(), 5);      // (7 + 3) / 2
  EXPECT_EQ(y[2].item<float>(), -2.5F);  // (−8 + 3) / 2
  EXPECT_EQ(y[3].item<float>(), 0.5F);
  EXPECT_EQ(x[3].item<float>(), 0.4F);
  FakeQuantizeTensor(x, grid, true);
  EXPECT_EQ(x[3].item<float>(), 0.5F);
  EXPECT_EQ(FakeQuantizeTensor(torch::empty({0}), grid, false).numel(), 0);
}

TEST(FakeQuantizerTest, AnyNumberOfThreads) {
  torch::manual_seed(2);
  const torch::Tensor x = torch::randn({300, 1000});
  const FakeGrid grid(3.7F, 1, 6);
  const torch::Tensor one = FakeQuantizeTensor(x, grid, false);
  at::set_num_threads(3);
  const torch::Tensor three = FakeQuantizeTensor(x, grid, false);
  at::set_num_threads(1);
  EXPECT_TRUE(torch::equal(one, three));
}

}  // namespace
}  // namespace zerosweep
