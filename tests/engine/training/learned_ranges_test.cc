#include "engine/training/learned_ranges.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace zerosweep {
namespace {

struct Gradients {
  torch::Tensor value, x, parameter;
};

template <typename Quantize>
Gradients Backward(torch::Tensor x, torch::Tensor parameter, const torch::Tensor& upstream,
                   const Quantize& quantize) {
  x = x.clone().requires_grad_(true);
  parameter = parameter.clone().requires_grad_(true);
  const torch::Tensor value = quantize(x, parameter);
  value.backward(upstream);
  return {value.detach(), x.grad(), parameter.grad()};
}

// By hand, value by value.
TEST(LearnedRangesTest, LsqHasItsPapersGradients) {
  const torch::Tensor x = torch::tensor({-3.0F, -0.9F, -0.26F, 0.1F, 0.4F, 0.74F, 5.0F});
  const torch::Tensor upstream = torch::tensor({1.F, 2.F, 3.F, 4.F, 5.F, 6.F, 7.F});
  for (const bool is_signed : {true, false}) {
    const float s = 0.25F;
    const int bits = 3;
    const float high = is_signed ? 3 : 7, low = is_signed ? -4 : 0;
    const Gradients got = Backward(x, torch::tensor(s), upstream, [&](auto& v, auto& step) {
      return LsqQuantize(v, step, bits, is_signed);
    });
    double for_step = 0;
    for (int64_t i = 0; i < x.numel(); ++i) {
      const float scaled = x[i].item<float>() / s, up = upstream[i].item<float>();
      const bool inside = scaled >= low && scaled <= high;
      const float code = std::clamp(std::nearbyint(scaled), low, high);
      EXPECT_FLOAT_EQ(got.value[i].item<float>(), s * code) << i;
      EXPECT_FLOAT_EQ(got.x[i].item<float>(), inside ? up : 0) << i;
      for_step += up * (inside ? code - scaled : code);
    }
    EXPECT_NEAR(got.parameter.item<double>(), for_step / std::sqrt(7 * high), 1e-5);
  }
}

TEST(LearnedRangesTest, LsqStepsBeginAtTwiceTheMeanOverTheRootOfTheHighestCode) {
  const torch::Tensor mean = torch::tensor(1.25F);
  EXPECT_FLOAT_EQ(LsqInitialStep(mean, 3, true).item<float>(), 2 * 1.25F / std::sqrt(3.F));
  EXPECT_FLOAT_EQ(LsqInitialStep(mean, 3, false).item<float>(), 2 * 1.25F / std::sqrt(7.F));
}

TEST(LearnedRangesTest, LsqStepsOfChannelsHaveGradientsOfTheirOwn) {
  const torch::Tensor x = torch::randn({3, 4, 2}), upstream = torch::randn({3, 4, 2});
  const torch::Tensor steps = torch::tensor({0.1F, 0.3F, 0.7F});
  const auto quantize = [](auto& v, auto& step) { return LsqQuantize(v, step, 4, true); };
  const Gradients all = Backward(x, steps, upstream, quantize);
  for (int64_t c = 0; c < 3; ++c) {
    const Gradients one = Backward(x[c].contiguous(), steps[c], upstream[c], quantize);
    EXPECT_TRUE(torch::equal(all.value[c], one.value));
    EXPECT_TRUE(torch::equal(all.x[c], one.x));
    EXPECT_NEAR(all.parameter[c].item<double>(), one.parameter.item<double>(), 1e-5);
  }
}

TEST(LearnedRangesTest, PactMovesItsEndByWhatItClips) {
  const torch::Tensor x = torch::tensor({-1.F, 0.F, 0.3F, 1.9F, 2.F, 7.F});
  const torch::Tensor upstream = torch::tensor({1.F, 2.F, 3.F, 4.F, 5.F, 6.F});
  const Gradients got = Backward(x, torch::tensor(2.F), upstream,
                                 [](auto& v, auto& alpha) { return PactQuantize(v, alpha, 2); });
  EXPECT_TRUE(torch::allclose(got.value, torch::tensor({0.F, 0.F, 0.F, 2.F, 2.F, 2.F})));
  EXPECT_TRUE(torch::equal(got.x, torch::tensor({0.F, 0.F, 3.F, 4.F, 0.F, 0.F})));
  EXPECT_FLOAT_EQ(got.parameter.item<float>(), 11);
}

// 2·q(tanh(w) / (2M) + ½) − 1, times M, with q(r) = round(r·(2^k − 1)) / (2^k − 1).
TEST(LearnedRangesTest, DoReFaIsItsFormulaTimesM) {
  torch::manual_seed(9);
  const torch::Tensor weight = torch::randn({4, 3, 2, 2}, torch::kFloat64);
  const torch::Tensor squashed = weight.tanh();
  const double most = squashed.abs().max().item<double>();
  for (const int bits : {2, 3, 4}) {
    const double levels = std::exp2(bits) - 1;
    const torch::Tensor expected =
        (2 * torch::round((squashed / (2 * most) + 0.5) * levels) / levels - 1) * most;
    const torch::Tensor actual = FakeQuantize(squashed, DoReFaGrid(weight, bits));
    EXPECT_TRUE(torch::allclose(actual, expected, 1e-12, 1e-12)) << bits;
    EXPECT_NEAR(actual.max().item<double>(), most, 1e-12);  // both ends are levels
    EXPECT_GT(actual.abs().min().item<double>(), 0.9 * most / levels) << "no zero";
  }
}

}  // namespace
}  // namespace zerosweep
