#include "engine/kernels/soft_rounding.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/engine/expect_close.h"

namespace zerosweep {
namespace {

struct RoundingCase {
  torch::Tensor v, step;
  RoundingGrid grid;
};

// Logits of all sizes, codes in and beyond the grid.
RoundingCase RandomRounding(const std::vector<int64_t>& shape) {
  std::vector<int64_t> channels(shape.size(), 1);
  channels[0] = shape[0];
  return {torch::randn(shape) * 3,
          torch::rand(channels) + 0.1,
          {torch::floor(torch::randn(shape) * 4), torch::full(channels, 3.F), 6}};
}

RoundingCase In(const RoundingCase& one, torch::ScalarType type, torch::MemoryFormat format) {
  const auto to = [&](const torch::Tensor& t) {
    return t.dim() == 4 ? t.to(type).contiguous(format) : t.to(type);
  };
  return {to(one.v), one.step.to(type), {to(one.grid.base), one.grid.zero_point.to(type), one.grid.most}};
}

struct RoundingOutcome {
  torch::Tensor weight, loss, for_v, for_step;
};

// The formulas (AdaRound, eq. 22–25), operator by operator.
SoftRounding PlainRounding(const RoundingGrid& grid, const torch::Tensor& v,
                           const torch::Tensor& step, std::optional<double> b) {
  const torch::Tensor h = torch::clamp(torch::sigmoid(v) * 1.2 - 0.1, 0, 1);
  const torch::Tensor q = torch::clamp(grid.base + h + grid.zero_point, 0, grid.most);
  return {step * (q - grid.zero_point),
          b ? (1 - (2 * h - 1).abs().pow(*b)).sum() : torch::Tensor()};
}

template <typename Function>
RoundingOutcome RoundedWithGradients(const Function& round, const RoundingCase& one,
                                     std::optional<double> b) {
  const torch::Tensor v = one.v.detach().requires_grad_(true),
                      step = one.step.detach().requires_grad_(true);
  const SoftRounding result = round(one.grid, v, step, b);
  const torch::Tensor angles = torch::arange(v.numel(), torch::kFloat64).view(v.sizes());
  torch::Tensor sum = (result.weight * torch::sin(angles).to(v.scalar_type())).sum();
  if (b) sum = sum + 0.3 * result.loss;
  sum.backward();
  return {result.weight, result.loss, v.grad(), step.grad()};
}

// float32 against float64. 1 − |2h − 1| of a nearly rounded weight has few digits in float32.
TEST(SoftRoundingTest, IsTheFormulasWithTheirGradients) {
  torch::manual_seed(1);
  for (const auto& shape :
       {std::vector<int64_t>{8, 3, 3, 3}, {1, 1, 1, 1}, {5, 7}, {3, 17, 1, 1}}) {
    const RoundingCase one = RandomRounding(shape);
    for (const std::optional<double> b : {std::optional<double>(), {20.0}, {7.3}, {2.0}}) {
      const RoundingOutcome plain = RoundedWithGradients(
          PlainRounding, In(one, torch::kFloat64, torch::MemoryFormat::Contiguous), b);
      for (const auto format :
           {torch::MemoryFormat::Contiguous, torch::MemoryFormat::ChannelsLast}) {
        const RoundingOutcome ours =
            RoundedWithGradients(RoundSoftly, In(one, torch::kFloat32, format), b);
        ExpectCloseIfAny(ours.weight, plain.weight, 1e-6, "weight");
        ExpectCloseIfAny(ours.loss, plain.loss, 1e-5, "loss");
        ExpectCloseIfAny(ours.for_v, plain.for_v, 1e-5, "gradient of V");
        ExpectCloseIfAny(ours.for_step, plain.for_step, 1e-5, "gradient of the step");
      }
      const RoundingOutcome wide = RoundedWithGradients(
          RoundSoftly, In(one, torch::kFloat64, torch::MemoryFormat::Contiguous), b);
      ExpectCloseIfAny(wide.for_v, plain.for_v, 1e-12, "in double");
    }
  }
}

// Clamped logits get no gradient, and NaN stays visible.
TEST(SoftRoundingTest, EndsAndNanAreThoseOfTheOperators) {
  RoundingCase one = RandomRounding({1, 4});
  one.grid.base.fill_(0);
  one.v = torch::tensor({{-INFINITY, INFINITY, 0.F, NAN}});
  const RoundingOutcome ours = RoundedWithGradients(RoundSoftly, one, 20.0);
  EXPECT_EQ(ours.weight[0][0].item<float>(), 0);
  EXPECT_EQ(ours.weight[0][1].item<float>(), one.step.item<float>());
  EXPECT_NEAR(ours.weight[0][2].item<float>(), 0.5 * one.step.item<float>(), 1e-6);
  EXPECT_TRUE(std::isnan(ours.weight[0][3].item<float>()));
  EXPECT_EQ(ours.for_v[0][0].item<float>(), 0);
  EXPECT_EQ(ours.for_v[0][1].item<float>(), 0);
  EXPECT_TRUE(std::isnan(ours.loss.item<float>()));
}

TEST(SoftRoundingTest, BitsDoNotDependOnTheNumberOfThreads) {
  torch::manual_seed(2);
  const RoundingCase one = RandomRounding({64, 33, 3, 3});
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const RoundingOutcome alone = RoundedWithGradients(RoundSoftly, one, 5.0);
  at::set_num_threads(4);
  const RoundingOutcome four = RoundedWithGradients(RoundSoftly, one, 5.0);
  at::set_num_threads(before);
  EXPECT_TRUE(torch::equal(alone.weight, four.weight));
  EXPECT_TRUE(torch::equal(alone.loss, four.loss));
  EXPECT_TRUE(torch::equal(alone.for_v, four.for_v));
  EXPECT_TRUE(torch::equal(alone.for_step, four.for_step));
}

}  // namespace
}  // namespace zerosweep
