#include "engine/kernels/power_loss.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/engine/expect_close.h"

namespace zerosweep {
namespace {

constexpr auto kByChannelsLast = torch::MemoryFormat::ChannelsLast;

// The definition with autograd's gradient, in double precision.
PowerLoss PlainLoss(const torch::Tensor& y, const torch::Tensor& target,
                    const torch::Tensor& weight, double p) {
  const torch::Tensor leaf = y.to(torch::kFloat64).detach().requires_grad_(true);
  torch::Tensor powers = (leaf - target.to(torch::kFloat64)).abs().pow(p);
  if (weight.defined()) powers = powers * weight.to(torch::kFloat64);
  const torch::Tensor loss = powers.sum(1).mean();
  loss.backward();
  return {loss.detach(), leaf.grad()};
}

void ExpectCloseLoss(const PowerLoss& ours, const PowerLoss& plain, double tolerance) {
  ExpectClose(ours.value, plain.value, tolerance, "loss");
  ExpectClose(ours.gradient, plain.gradient, tolerance, "gradient");
}

TEST(PowerLossTest, IsTheDefinitionWithItsGradient) {
  torch::manual_seed(1);
  for (const auto& shape :
       {std::vector<int64_t>{4, 16, 32, 32}, {2, 3, 5, 7}, {1, 1, 1, 1}, {3, 10}}) {
    const torch::Tensor y = torch::randn(shape), target = torch::randn(shape),
                        weight = torch::rand(shape);
    for (const double p : {2.0, 2.4, 1.0}) {
      for (const torch::Tensor& w : {torch::Tensor(), weight}) {
        const PowerLoss plain = PlainLoss(y, target, w, p);
        ExpectCloseLoss(MeanPower(y, target, w, p), plain, 3e-6);
        if (shape.size() == 4)
          ExpectCloseLoss(MeanPower(y, target.contiguous(kByChannelsLast), w, p), plain, 3e-6);
        const torch::Tensor wide = w.defined() ? w.to(torch::kFloat64) : w;
        ExpectCloseLoss(MeanPower(y.to(torch::kFloat64), target.to(torch::kFloat64), wide, p),
                        plain, 1e-12);
      }
    }
  }
}

TEST(PowerLossTest, NoErrorHasNoGradientAndNanIsSeen) {
  const torch::Tensor y = torch::ones({1, 2, 3, 3});
  for (const double p : {1.0, 2.0, 2.4})
    EXPECT_EQ(MeanPower(y, y, {}, p).gradient.abs().sum().item<float>(), 0) << p;
  torch::Tensor bad = y.clone();
  bad[0][1][2][2] = NAN;
  EXPECT_TRUE(std::isnan(MeanPower(bad, y, {}, 2).value.item<float>()));
  bad[0][1][2][2] = INFINITY;
  EXPECT_TRUE(std::isinf(MeanPower(bad, y, {}, 2.4).value.item<float>()));
}

TEST(PowerLossTest, BitsDoNotDependOnTheNumberOfThreads) {
  torch::manual_seed(2);
  const torch::Tensor y = torch::randn({7, 16, 31, 33}), target = torch::randn({7, 16, 31, 33});
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const PowerLoss alone = MeanPower(y, target, {}, 2.4);
  at::set_num_threads(4);
  const PowerLoss four = MeanPower(y, target, {}, 2.4);
  at::set_num_threads(before);
  EXPECT_TRUE(torch::equal(alone.value, four.value));
  EXPECT_TRUE(torch::equal(alone.gradient, four.gradient));
}

}  // namespace
}  // namespace zerosweep
