#include "engine/synthesis/batch_norm_statistics.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "base/error.h"

namespace zerosweep {
namespace {

TEST(BatchNormStatisticsTest, OfABatchAreItsMeanAndUnbiasedVariance) {
  torch::manual_seed(1);
  for (const auto format : {torch::MemoryFormat::Contiguous, torch::MemoryFormat::ChannelsLast}) {
    const torch::Tensor x = (torch::randn({4, 5, 6, 7}) + 3).contiguous(format);
    const BatchStatistics batch = PerBatchStatistics(MomentsByImage(x), "x");
    EXPECT_TRUE(torch::allclose(batch.mean, x.mean({0, 2, 3}), 1e-6, 1e-6));
    EXPECT_TRUE(torch::allclose(batch.variance, x.var({0, 2, 3}, /*unbiased=*/true), 1e-5, 1e-6));
  }
}

// Against the derivative of the closed form, in double precision.
TEST(BatchNormStatisticsTest, TheGradientIsThatOfTheFormula) {
  torch::manual_seed(2);
  const auto gradient = [](const torch::Tensor& values, const auto& statistics) {
    const torch::Tensor x = values.clone().set_requires_grad(true);
    const auto [mean, variance] = statistics(x);
    const torch::Tensor weights = torch::arange(1, 4, torch::kFloat64);
    ((mean * weights).sum() + (torch::sqrt(variance) * weights.square()).sum()).backward();
    return x.grad();
  };
  const torch::Tensor values = torch::randn({2, 3, 4, 4}, torch::kFloat64);
  const torch::Tensor ours = gradient(values, [](const torch::Tensor& x) {
    const BatchStatistics batch = PerBatchStatistics(MomentsByImage(x), "x");
    return std::pair(batch.mean, batch.variance);
  });
  const torch::Tensor formula = gradient(values, [](const torch::Tensor& x) {
    const torch::Tensor mean = x.mean({0, 2, 3});
    const torch::Tensor error = x - mean.view({1, 3, 1, 1});
    return std::pair(mean, error.square().sum({0, 2, 3}) / 31);
  });
  EXPECT_TRUE(torch::allclose(ours, formula, 1e-10, 1e-12));
}

TEST(BatchNormStatisticsTest, OneValueHasNoVariance) {
  try {
    PerBatchStatistics(MomentsByImage(torch::zeros({1, 2, 1, 1})), "bn");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kTrial);
    EXPECT_STREQ(error.what(),
                 "bn: one 1×1 map has no unbiased variance; use larger images or batches");
  }
}

}  // namespace
}  // namespace zerosweep
