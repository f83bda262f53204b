#include "engine/parallel/moments.h"

#include <gtest/gtest.h>

#include "tests/support/engine/group_of_threads.h"

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
  const std::vector<Moments> moments =
      GlobalMoments(alone, {MomentsByImage(tensors[0]), MomentsByImage(tensors[1])});
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

// The loss of one process is the sum of the ranks' shares; so are its gradients.
TEST(MomentsTest, AreThoseOfAllRanksWithTheirGradients) {
  torch::manual_seed(2);
  const torch::Tensor whole = torch::randn({7, 3, 4, 4}, torch::kFloat64);
  const torch::Tensor single = whole.clone().requires_grad_(true);
  const auto loss_of = [](const Moments& moments) {
    return (moments.mean.exp() + moments.variance.square()).sum();
  };
  SoloGroup alone;
  loss_of(GlobalMoments(alone, {MomentsByImage(single)}).front()).backward();
  for (const int ranks : {2, 4}) {
    RunRanks(ranks, [&](Group& group) {
      const BatchPart part = group.PartOf(7);
      EXPECT_THROW(group.PartOf(ranks - 1), Error) << "a rank without an image";
      const torch::Tensor own =
          whole.slice(0, part.first, part.first + part.count).clone().requires_grad_(true);
      const Moments moments = GlobalMoments(group, {MomentsByImage(own)}).front();
      PerRankShare(group, loss_of(moments)).backward();
      const torch::Tensor expected = single.grad().slice(0, part.first, part.first + part.count);
      EXPECT_TRUE(torch::allclose(own.grad(), expected, 1e-12, 1e-14)) << group.rank();
      // Sums and counts, squares, and two gradients of three channels.
      EXPECT_EQ(group.reduced_bytes(), 8 * (4 + 3 + 6));
    });
  }
}

TEST(MomentsTest, BatchNormOverRanksIsThatOfOneProcess) {
  torch::manual_seed(3);
  const torch::Tensor whole = torch::randn({6, 3, 4, 4}, torch::kFloat64);
  const torch::Tensor weights = torch::randn({6, 3, 4, 4}, torch::kFloat64);
  const torch::Tensor gamma = torch::randn({3}, torch::kFloat64),
                      beta = torch::randn({3}, torch::kFloat64);
  const auto leaf = [](const torch::Tensor& x) { return x.clone().requires_grad_(true); };
  SoloGroup alone;
  const torch::Tensor x = leaf(whole), g = leaf(gamma), b = leaf(beta);
  const torch::Tensor y = GlobalBatchNorm(alone, x, g, b, 0.8);
  (y * weights).sum().backward();
  RunRanks(2, [&](Group& group) {
    const BatchPart part = group.PartOf(6);
    const auto own = [&](const torch::Tensor& of) {
      return of.slice(0, part.first, part.first + part.count);
    };
    const torch::Tensor xs = leaf(own(whole)), gs = leaf(gamma), bs = leaf(beta);
    const torch::Tensor ys = GlobalBatchNorm(group, xs, gs, bs, 0.8);
    EXPECT_TRUE(torch::allclose(ys, own(y), 1e-12, 1e-14));
    (ys * own(weights)).sum().backward();
    EXPECT_TRUE(torch::allclose(xs.grad(), own(x.grad()), 1e-12, 1e-14));
    SumGradients(group, {gs, bs});
    EXPECT_TRUE(torch::allclose(gs.grad(), g.grad(), 1e-12, 1e-14));
    EXPECT_TRUE(torch::allclose(bs.grad(), b.grad(), 1e-12, 1e-14));
  });
}

}  // namespace
}  // namespace zerosweep
