// The quantizer against the formulas of optimised-image methods, section "number format": round
// half to even, zero point first.
#include "engine/quant/number_format.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "base/error.h"

namespace zerosweep {
namespace {

UniformGrid GridOf(float lo, float hi, int bits) {
  return MakeUniformGrid(torch::tensor(lo), torch::tensor(hi), bits);
}

// The formulas once more, in scalar code.
float Expected(float x, float lo, float hi, int bits) {
  const float scale = static_cast<float>((1 << bits) - 1) / std::max(hi - lo, 1e-8F);
  const float zero_point = std::nearbyint(scale * lo) + static_cast<float>(1 << (bits - 1));
  const auto half = static_cast<float>(1 << (bits - 1));
  const float q = std::clamp(std::nearbyint(scale * x - zero_point), -half, half - 1);
  return (q + zero_point) / scale;
}

TEST(NumberFormatTest, TiesGoToEven) {
  // S = 1, z = 0 + 2 (2 bits over [0, 3]): q = round(x − 2).
  const UniformGrid grid = GridOf(0, 3, 2);
  const torch::Tensor x = torch::tensor({0.5F, 1.5F, 2.5F});
  EXPECT_TRUE(torch::equal(FakeQuantize(x, grid), torch::tensor({0.F, 2.F, 2.F})));
}

TEST(NumberFormatTest, TheZeroPointIsRoundedFirst) {
  // S = 15/3 = 5 over [−0.3, 2.7]: z = round(−1.5) + 8 = 6 (ties to even); x = 0.1: q = round(0.5 −
  // 6) = round(−5.5) = −6, x̂ = 0. Rounding S·(x − lo) in one go would give code 2, x̂ = 0.1.
  const UniformGrid grid = GridOf(-0.3F, 2.7F, 4);
  EXPECT_EQ(grid.offset.item<float>(), 6.F);
  EXPECT_EQ(FakeQuantize(torch::tensor(0.1F), grid).item<float>(), 0.F);
}

TEST(NumberFormatTest, ZeroIsExactWhenTheRangeHoldsIt) {
  for (const int bits : {2, 3, 4, 5, 6, 7, 8}) {
    EXPECT_EQ(FakeQuantize(torch::zeros(1), GridOf(-0.37F, 1.91F, bits)).item<float>(), 0.F)
        << bits;
  }
}

TEST(NumberFormatTest, KernelTensorExpressionAndScalarFormulaAgreeBitForBit) {
  torch::manual_seed(1);
  for (const int bits : {2, 3, 4, 8}) {
    for (const auto& [lo, hi] :
         {std::pair{-1.3F, 2.1F}, std::pair{0.F, 6.F}, std::pair{0.5F, 0.9F}}) {
      const UniformGrid grid = GridOf(lo, hi, bits);
      const torch::Tensor x = torch::randn({1027}) * 2;
      const torch::Tensor kernel = FakeQuantize(x, grid);
      EXPECT_TRUE(torch::equal(kernel, Decode(Encode(x, grid), grid)));
      for (int64_t i = 0; i < x.numel(); ++i) {
        ASSERT_EQ(kernel[i].item<float>(), Expected(x[i].item<float>(), lo, hi, bits))
            << x[i].item<float>();
      }
    }
  }
}

TEST(NumberFormatTest, ThreadsDoNotChangeTheBits) {
  const torch::Tensor x = torch::randn({1 << 17});
  const UniformGrid grid = GridOf(-2, 3, 4);
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const torch::Tensor one = FakeQuantize(x, grid);
  at::set_num_threads(2);
  const torch::Tensor two = FakeQuantize(x, grid);
  at::set_num_threads(before);
  EXPECT_TRUE(torch::equal(one, two));
}

TEST(NumberFormatTest, ChannelsLastTensorsKeepTheirLayout) {
  const torch::Tensor x = torch::randn({2, 3, 4, 4}).contiguous(at::MemoryFormat::ChannelsLast);
  const UniformGrid grid = GridOf(-2, 3, 4);
  const torch::Tensor y = FakeQuantize(x, grid);
  EXPECT_TRUE(y.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(torch::equal(y, FakeQuantize(x.contiguous(), grid)));
}

TEST(NumberFormatTest, WeightsTakeAtMostTwoToTheBitsValuesPerChannelAndAreNeverClipped) {
  torch::manual_seed(2);
  const torch::Tensor weight = torch::randn({5, 4, 3, 3});
  for (const int bits : {2, 4, 8}) {
    const UniformGrid grid = PerChannelMinMaxGrid(weight, bits);
    const torch::Tensor quantized = Decode(Encode(weight, grid), grid);
    const torch::Tensor step = 1 / grid.inverse_scale;
    for (int64_t c = 0; c < weight.size(0); ++c) {
      EXPECT_LE(std::get<0>(at::_unique(quantized[c])).numel(), 1 << bits);
      // A value moves by at most one step: half from its own rounding, half from the zero point's.
      EXPECT_LE((quantized[c] - weight[c]).abs().max().item<float>(),
                1.001F * step[c].item<float>());
    }
  }
}

TEST(NumberFormatTest, SymmetricWeightsHaveZeroPointZeroAndNoLeastCode) {
  torch::manual_seed(2);
  torch::Tensor weight = torch::randn({5, 4, 3, 3});
  weight[3].zero_();
  weight[4].abs_();
  for (const int bits : {2, 4, 8}) {
    const UniformGrid grid = PerChannelSymmetricGrid(weight, bits);
    const int most = (1 << (bits - 1)) - 1;
    const torch::Tensor codes = Encode(weight, grid);
    EXPECT_TRUE(torch::equal(grid.offset, torch::zeros({5})));
    EXPECT_EQ(codes.max().item<int>(), most);
    EXPECT_GE(codes.min().item<int>(), -most);
    const torch::Tensor largest = weight.flatten(1).abs().amax(1);
    for (const int channel : {0, 1, 2, 4}) {
      const torch::Tensor step = largest[channel] / most;
      const torch::Tensor nearest = torch::round(weight[channel] / step);
      EXPECT_TRUE(torch::allclose(codes[channel].to(torch::kFloat32), nearest)) << bits;
      EXPECT_TRUE(torch::allclose(Decode(codes, grid)[channel], nearest * step)) << bits;
    }
    EXPECT_TRUE(torch::equal(Decode(codes, grid)[3], weight[3]));
    // Values beyond the range do not reach −2^(k−1) either.
    EXPECT_EQ(Encode(9 * weight, grid).min().item<int>(), -most);
  }
  EXPECT_TRUE(PerChannelSymmetricGrid(weight, kPassThroughBits).pass_through());
}

TEST(NumberFormatTest, AFlatRangeDoesNotDivideByZero) {
  EXPECT_TRUE(
      torch::isfinite(FakeQuantize(torch::tensor({0.F, 1.F}), GridOf(0, 0, 8))).all().item<bool>());
}

TEST(NumberFormatTest, RefusesBitsOutsideItsRangeAndRangesThatAreNotFinite) {
  try {
    GridOf(0, 1, 9);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_STREQ(error.what(), "9 bits: a uniform grid has 2 to 8 bits, or 32 for none");
  }
  try {
    GridOf(0, NAN, 4);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kTrial);
    EXPECT_EQ(error.failure(), Failure::kNonFinite);
  }
  const torch::Tensor x = torch::randn({3});
  EXPECT_TRUE(FakeQuantize(x, GridOf(0, 1, 32)).is_same(x));
}

}  // namespace
}  // namespace zerosweep
