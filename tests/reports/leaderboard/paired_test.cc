#include "reports/leaderboard/paired.h"

#include <gtest/gtest.h>

#include <cmath>

namespace zerosweep {
namespace {

// So many images right at the front, and so many at the back.
Outcomes Right(size_t images, size_t front, size_t back = 0) {
  Outcomes outcomes(images, 0);
  for (size_t i = 0; i < front; ++i) outcomes[i] = 1;
  for (size_t i = 0; i < back; ++i) outcomes[images - 1 - i] = 1;
  return outcomes;
}

TEST(PairedTest, TwoSingleNetworksByMcNemar) {
  // 25 images only a has right, 10 only b.
  const PairedResult result = ComparePaired({Right(1000, 525, 0)}, {Right(1000, 500, 10)});
  EXPECT_EQ(result.n, 1);
  EXPECT_NEAR(result.difference, 1.5, 1e-9);
  EXPECT_NEAR(*result.p, 0.016673847800120715, 1e-12);  // statsmodels: reference/statistics.py
  EXPECT_FALSE(result.spread);
  EXPECT_FALSE(result.p_floor);
  EXPECT_FALSE(SeedsNeeded(result, 1));
  // Resampled images alone: the normal interval of a mean with variance (35 − 0.15² · 1000)/1000².
  const double half = 1.96 * 100 * std::sqrt((35 - 0.015 * 0.015 * 1000) / 1000 / 1000);
  EXPECT_NEAR(result.interval.low, 1.5 - half, 0.06);
  EXPECT_NEAR(result.interval.high, 1.5 + half, 0.06);
}

TEST(PairedTest, SeveralEvaluationsOfOneSeedAreNoTwoSingleNetworks) {
  Outcomes shares = Right(1000, 500);
  for (size_t i = 500; i < 600; ++i) shares[i] = 0.1F;  // of ten evaluations
  const PairedResult result = ComparePaired({shares}, {Right(1000, 500)});
  EXPECT_NEAR(result.difference, 1, 1e-4);
  EXPECT_FALSE(result.p);
  EXPECT_TRUE(ComparePaired({Right(1000, 520)}, {Right(1000, 500)}).p);
}

TEST(PairedTest, SeedsWidenTheInterval) {
  // Both right or wrong together but for 1 and 3 images: with seeds that agree the interval is that
  // of the images, with seeds that do not it is wider.
  const std::vector<Outcomes> b(4, Right(1000, 500));
  const PairedResult same = ComparePaired(std::vector<Outcomes>(4, Right(1000, 520)), b);
  const PairedResult apart =
      ComparePaired({Right(1000, 510), Right(1000, 530), Right(1000, 512), Right(1000, 528)}, b);
  EXPECT_NEAR(same.difference, 2, 1e-9);
  EXPECT_NEAR(apart.difference, 2, 1e-9);
  EXPECT_EQ(*same.spread, 0);
  const auto width = [](const PairedResult& of) { return of.interval.high - of.interval.low; };
  EXPECT_GT(width(apart), width(same) * 1.2);
  EXPECT_EQ(same.p, 0.125);
  EXPECT_EQ(same.p_floor, 0.125);
  EXPECT_EQ(SeedsNeeded(same, 1), 6);
  EXPECT_EQ(SeedsNeeded(same, 2), 7) << "2^(1−6) · 2 is above 0.05";
  EXPECT_TRUE(same.interval.Holds(2));
}

// From 300 differing images on they are not drawn one by one: the interval must not jump there.
TEST(PairedTest, TheNormalLimitContinuesTheResampling) {
  const auto compare = [](size_t differing) {
    const size_t images = 10'000, only_a = 3 * differing / 5;
    const std::vector<Outcomes> b(3, Right(images, 5000, differing - only_a));
    return ComparePaired({Right(images, 5000 + only_a - 20), Right(images, 5000 + only_a),
                          Right(images, 5000 + only_a + 20)},
                         b);
  };
  const PairedResult drawn = compare(275), normal = compare(285);
  const auto width = [](const PairedResult& of) { return of.interval.high - of.interval.low; };
  EXPECT_NEAR(width(drawn), width(normal), 0.08 * width(drawn));
  EXPECT_NEAR(drawn.difference - drawn.interval.low, normal.difference - normal.interval.low,
              0.08 * width(drawn));
}

TEST(PairedTest, NoDifferenceIsNone) {
  const std::vector<Outcomes> a = {Right(100, 50), Right(100, 60)};
  const PairedResult result = ComparePaired(a, a);
  EXPECT_EQ(result.difference, 0);
  EXPECT_EQ(result.p, 1);
  EXPECT_EQ(result.interval.low, 0);
  EXPECT_EQ(result.interval.high, 0);
  EXPECT_FALSE(SeedsNeeded(result, 1));
}

TEST(PairedTest, ANoisyDifferenceNeedsManySeeds) {
  const std::vector<Outcomes> b(3, Right(1000, 500));
  const PairedResult result =
      ComparePaired({Right(1000, 490), Right(1000, 530), Right(1000, 501)}, b);
  EXPECT_NEAR(result.difference, 0.7, 1e-9);
  EXPECT_TRUE(result.interval.Holds(0));
  // t(0.975, n − 1) · 2.066 / √n < 0.7 from n = 36 on.
  EXPECT_EQ(SeedsNeeded(result, 1), 36);
  EXPECT_GT(SeedsNeeded(result, 5), 36);
}

TEST(PairedTest, SaysTheSameTwice) {
  const std::vector<Outcomes> a = {Right(500, 250), Right(500, 260, 10)};
  const std::vector<Outcomes> b = {Right(500, 255), Right(500, 240)};
  EXPECT_EQ(ComparePaired(a, b).interval.low, ComparePaired(a, b).interval.low);
}

}  // namespace
}  // namespace zerosweep
