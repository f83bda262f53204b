// Learned rounding against the formulas of AdaRound and GENIE-M.
#include "engine/reconstruction/soft_weight.h"

#include <gtest/gtest.h>

#include <set>

#include "engine/quant/range_estimation.h"
#include "engine/reconstruction/reconstruction.h"

namespace zerosweep {
namespace {

torch::Tensor Weight(torch::ScalarType type = torch::kFloat32) {
  torch::manual_seed(0);
  return torch::randn({6, 4, 3, 3}, type);
}

UniformGrid Grid(const torch::Tensor& weight, int bits, double shrink = 1.5) {
  const torch::Tensor rows = weight.flatten(1);
  const torch::Tensor step = (rows.amax(1) - rows.amin(1)) * shrink / ((1 << bits) - 1);
  return GridFromStep(step, torch::round(-rows.amin(1) * shrink / step), bits);
}

TEST(SoftWeightTest, StartsAsTheWeightItself) {
  for (const int bits : {2, 4, 8}) {
    const torch::Tensor wide = Weight(torch::kFloat64);
    const UniformGrid exact = Grid(wide, bits);
    const torch::Tensor step = StepOf(exact).view({6, 1, 1, 1});
    const torch::Tensor error = (SoftWeight(wide, exact, false).Soft().weight - wide).abs() / step;
    EXPECT_LT(error.max().item<double>(), 1e-12) << bits;  // nothing is clipped by this grid

    const torch::Tensor narrow = Weight();
    const UniformGrid grid = Grid(narrow, bits);
    const torch::Tensor rounded = (SoftWeight(narrow, grid, false).Soft().weight - narrow).abs() /
                                  StepOf(grid).view({6, 1, 1, 1});
    EXPECT_LT(rounded.max().item<double>(), (1 << bits) * 2e-7) << bits;
  }
}

TEST(SoftWeightTest, HardensToNearestRoundingBeforeAnyStep) {
  const torch::Tensor weight = Weight();
  for (const double shrink : {1.5, 0.7}) {  // without and with clipping
    const UniformGrid grid = Grid(weight, 4, shrink);
    const QuantizedWeight hard = SoftWeight(weight, grid, false).Harden();
    EXPECT_TRUE(torch::equal(hard.codes, Encode(weight, grid)));
    EXPECT_TRUE(torch::allclose(Decode(hard.codes, hard.grid), Decode(hard.codes, grid), 1e-6));
  }
}

TEST(SoftWeightTest, HardWeightsTakeAtMostTwoToTheBitsValues) {
  for (const int bits : {2, 3}) {
    const torch::Tensor weight = Weight();
    const QuantizedWeight hard = SoftWeight(weight, Grid(weight, bits, 0.6), false).Harden();
    for (int64_t channel = 0; channel < 6; ++channel) {
      const torch::Tensor codes = hard.codes[channel].flatten();
      std::set<int8_t> values(codes.data_ptr<int8_t>(), codes.data_ptr<int8_t>() + codes.numel());
      EXPECT_LE(values.size(), size_t{1} << bits);
    }
  }
}

// L = Σ g·w̃ is linear in s while the integers are fixed: a difference quotient is exact.
TEST(SoftWeightTest, TheGradientOfTheStepIsSumOfGradientTimesInteger) {
  const torch::Tensor weight = Weight(torch::kFloat64);
  const UniformGrid grid = Grid(weight, 3, 0.7);
  const SoftWeight soft(weight, grid, /*learn_step=*/true);
  const torch::Tensor g = torch::randn({6, 4, 3, 3}, torch::kFloat64);
  (soft.Soft().weight * g).sum().backward();
  for (int64_t channel = 0; channel < 6; ++channel) {
    const torch::NoGradGuard no_grad;
    torch::Tensor step = soft.step();
    const double s = step[channel].item<double>(), h = 0.125 * s;
    step[channel] += h;
    const double up = (soft.Soft().weight * g).sum().item<double>();
    step[channel] -= 2 * h;
    const double down = (soft.Soft().weight * g).sum().item<double>();
    step[channel] = s;
    EXPECT_NEAR(soft.step().grad()[channel].item<double>(), (up - down) / (2 * h), 1e-10);
  }
}

TEST(SoftWeightTest, TheGradientOfVIsItsDifferenceQuotient) {
  const torch::Tensor weight = Weight(torch::kFloat64).slice(0, 0, 1);
  const SoftWeight soft(weight, Grid(weight, 3, 0.7), false);
  const torch::Tensor g = torch::randn({1, 4, 3, 3}, torch::kFloat64);
  ((soft.Soft().weight * g).sum() + 0.1 * soft.Soft(5).loss).backward();
  const torch::Tensor gradient = soft.v().grad().flatten();
  torch::Tensor v = soft.v().detach().view({-1});  // shares memory
  const double h = 1e-6;
  for (int64_t i = 0; i < v.numel(); ++i) {
    const torch::NoGradGuard no_grad;
    const double before = v[i].item<double>();
    const auto loss = [&](double value) {
      v[i] = value;
      return ((soft.Soft().weight * g).sum() + 0.1 * soft.Soft(5).loss).item<double>();
    };
    const double quotient = (loss(before + h) - loss(before - h)) / (2 * h);
    v[i] = before;
    EXPECT_NEAR(gradient[i].item<double>(), quotient, 1e-6 * (1 + std::abs(quotient))) << i;
  }
}

TEST(SoftWeightTest, TheRoundingLossIsOneAtHalfAndZeroAtTheEnds) {
  const torch::Tensor weight = torch::tensor({{0.5F, 1.0F, 2.5F, 0.0F}});
  const UniformGrid grid = GridFromStep(torch::ones({1}), torch::zeros({1}), 4);
  const SoftWeight soft(weight, grid, false);
  // Fractions ½, 0, ½, 0: one each for the halves, nothing for the integers.
  EXPECT_NEAR(soft.Soft(2).loss.item<double>(), 2, 1e-5);
  EXPECT_NEAR(soft.Soft(20).loss.item<double>(), 2, 1e-4);
  EXPECT_EQ(soft.SoftCount(), 2);
}

TEST(SoftWeightTest, TheExponentFallsFromTwentyToTwoAfterTheWarmUp) {
  const ReconstructionSettings settings;
  EXPECT_EQ(RoundingExponent(settings, 0, 1000), 20);
  EXPECT_EQ(RoundingExponent(settings, 200, 1000), 20);
  EXPECT_DOUBLE_EQ(RoundingExponent(settings, 600, 1000), 11);
  EXPECT_EQ(RoundingExponent(settings, 1000, 1000), 2);
}

TEST(SoftWeightTest, RatesAreScaledForFewerIterationsOnly) {
  const Phase phase{.iterations = 1000, .lr_rounding = 1e-3, .lr_act_step = 4e-5};
  EXPECT_DOUBLE_EQ(ScaledRates(phase).lr_rounding, 1e-2);  // 2e-2, bounded
  EXPECT_NEAR(ScaledRates(phase).lr_act_step, 4e-5 * std::sqrt(20.0), 1e-12);
  const Phase whole{.iterations = 20000, .lr_rounding = 1e-3, .lr_act_step = 4e-5};
  EXPECT_EQ(ScaledRates(whole).lr_rounding, 1e-3);
  EXPECT_EQ(ScaledRates(whole).lr_act_step, 4e-5);
}

}  // namespace
}  // namespace zerosweep
