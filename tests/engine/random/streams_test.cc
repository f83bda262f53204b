#include "engine/random/streams.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace zerosweep {
namespace {

TEST(StreamsTest, ASampleDoesNotDependOnHowTheBatchIsSplit) {
  const RandomStreams random(7);
  const torch::Tensor whole = random.NormalForSamples(3, "latent", {6, 5});
  const torch::Tensor left = random.NormalForSamples(3, "latent", {2, 5}, 0);
  const torch::Tensor right = random.NormalForSamples(3, "latent", {4, 5}, 2);
  EXPECT_TRUE(torch::equal(whole, torch::cat({left, right})));
}

TEST(StreamsTest, SeedStepPurposeAndSampleEachChangeTheDraw) {
  const uint32_t base = RandomStreams(0).ForSample(0, "a", 0).Bits();
  EXPECT_NE(base, RandomStreams(1).ForSample(0, "a", 0).Bits());
  EXPECT_NE(base, RandomStreams(0).ForSample(1, "a", 0).Bits());
  EXPECT_NE(base, RandomStreams(0).ForSample(0, "b", 0).Bits());
  EXPECT_NE(base, RandomStreams(0).ForSample(0, "a", 1).Bits());
  EXPECT_NE(base, RandomStreams(0).Shared(0, "a").Bits());
  EXPECT_EQ(base, RandomStreams(0).ForSample(0, "a", 0).Bits());
}

// Standard errors: mean 1/√n = 0.0022, variance √(2/n) = 0.0032, for n = 200,000; the bounds are
// four of them.
TEST(StreamsTest, NormalsHaveMeanZeroAndVarianceOne) {
  const torch::Tensor x =
      RandomStreams(5).NormalForSamples(0, "latent", {200, 1000}).to(torch::kFloat64);
  EXPECT_NEAR(x.mean().item<double>(), 0, 0.009);
  EXPECT_NEAR(x.var().item<double>(), 1, 0.013);
  EXPECT_NEAR(x.pow(4).mean().item<double>(), 3, 0.09);
}

TEST(StreamsTest, BelowIsUniform) {
  RandomSequence sequence = RandomStreams(1).Shared(0, "class");
  std::array<int, 10> counts{};
  for (int i = 0; i < 100000; ++i) ++counts.at(sequence.Below(10));
  for (const int count : counts) EXPECT_NEAR(count, 10000, 400);  // four standard deviations (95)
}

TEST(StreamsTest, PermutationsHoldEveryIndexOnce) {
  const torch::Tensor order = RandomStreams(1).Permutation(0, "batch", 1000);
  EXPECT_TRUE(torch::equal(std::get<0>(order.sort()), torch::arange(1000)));
  EXPECT_FALSE(torch::equal(order, torch::arange(1000)));
  EXPECT_FALSE(torch::equal(order, RandomStreams(1).Permutation(1, "batch", 1000)));
}

}  // namespace
}  // namespace zerosweep
