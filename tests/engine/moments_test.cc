#include "engine/parallel/moments.h"

#include <gtest/gtest.h>

namespace zerosweep {
namespace {

TEST(MomentsTest, AreMeanAndBiasedVarianceWithTheirGradients) {
  torch::manual_seed(1);
  SoloGroup alone;
  std::vector<torch::Tensor> tensors = {torch::randn({3, 4, 5, 2}, torch::kFloat64),
                                        torch::randn({3, 2, 1, 3}, torch::kFloat64)};
  std::vector<torch::Tensor> plain;
  for (torch::Tensor& x : tensors) {
    plain.push_back(x.clone().requires_grad_(true));
    x.requires_grad_(true);
  }
  const std::vector<Moments> moments = GlobalMoments(alone, tensors);
  torch::Tensor loss = torch::zeros({}, torch::kFloat64), expected = loss;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const auto [variance, mean] =
        torch::var_mean(plain[i], at::IntArrayRef{0, 2, 3}, /*unbiased=*/false);
    EXPECT_TRUE(torch::allclose(moments[i].mean, mean));
    EXPECT_TRUE(torch::allclose(moments[i].variance, variance));
    loss = loss + (moments[i].mean.exp() + moments[i].variance.square()).sum();
    expected = expected + (mean.exp() + variance.square()).sum();
  }
  loss.backward();
  expected.backward();
  for (size_t i = 0; i < tensors.size(); ++i)
    EXPECT_TRUE(torch::allclose(tensors[i].grad(), plain[i].grad(), 1e-10, 1e-12)) << i;
}

}  // namespace
}  // namespace zerosweep
