#include "reports/leaderboard/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace zerosweep {
namespace {

// The two-sided 95 %, one-sided 95 % and two-sided 99 % columns of the usual printed table of
// Student's t, which gives three decimals.
TEST(StatisticsTest, StudentQuantilesAgreeWithThePrintedTable) {
  const struct {
    double degrees, t975, t95, t995;
  } kTable[] = {{1, 12.706, 6.314, 63.657}, {2, 4.303, 2.920, 9.925},  {3, 3.182, 2.353, 5.841},
                {4, 2.776, 2.132, 4.604},   {5, 2.571, 2.015, 4.032},  {9, 2.262, 1.833, 3.250},
                {29, 2.045, 1.699, 2.756},  {120, 1.980, 1.658, 2.617}};
  for (const auto& row : kTable) {
    EXPECT_NEAR(StudentQuantile(0.975, row.degrees), row.t975, 6e-4) << row.degrees;
    EXPECT_NEAR(StudentQuantile(0.95, row.degrees), row.t95, 6e-4) << row.degrees;
    EXPECT_NEAR(StudentQuantile(0.995, row.degrees), row.t995, 6e-4) << row.degrees;
  }
}

// One and two degrees of freedom have closed forms: tan(π (p − ½)) and (2p − 1) / √(2 p (1 − p)).
TEST(StatisticsTest, StudentQuantilesAgreeWithClosedForms) {
  for (const double p : {0.01, 0.2, 0.5, 0.6, 0.9, 0.999}) {
    EXPECT_NEAR(StudentQuantile(p, 1), std::tan(M_PI * (p - 0.5)), 1e-8 * (1 + 1 / (1 - p) / p));
    EXPECT_NEAR(StudentQuantile(p, 2), (2 * p - 1) / std::sqrt(2 * p * (1 - p)), 1e-8);
  }
  EXPECT_NEAR(StudentQuantile(0.975, 1e6), 1.959964, 1e-5);  // the normal distribution's
}

TEST(StatisticsTest, MeanStdAndIntervalOfFewValues) {
  EXPECT_FALSE(Mean({}));
  EXPECT_EQ(Mean({1, 2, 6}), 3);
  EXPECT_FALSE(SampleStd({5}));
  EXPECT_DOUBLE_EQ(*SampleStd({1, 2, 3}), 1);
  EXPECT_FALSE(MeanInterval95({1, 2}));
  const auto interval = MeanInterval95({1, 2, 3});
  ASSERT_TRUE(interval);
  EXPECT_NEAR(interval->low, 2 - 4.302653 / std::sqrt(3), 1e-6);
  EXPECT_NEAR(interval->high, 2 + 4.302653 / std::sqrt(3), 1e-6);
}

// From here on: values of scipy and statsmodels, printed by reference/statistics.py.

const std::vector<double> kValues = {87.2, 87.9, 86.4, 88.3, 87.7, 85.1,
                                     88.0, 87.4, 86.9, 88.8, 87.1, 84.2};

TEST(StatisticsTest, DistributionsAgreeWithScipy) {
  EXPECT_NEAR(StudentQuantile(0.975, 7), 2.364624251592784, 1e-10);
  EXPECT_NEAR(StudentQuantile(0.9, 2.5), 1.7302509288071766, 1e-10);
  EXPECT_NEAR(NormalCdf(-1.3), 0.09680048458561036, 1e-15);
  EXPECT_NEAR(NormalQuantile(0.0007), -3.1946510537632866, 1e-10);
  EXPECT_NEAR(NormalQuantile(0.9993), 3.1946510537632866, 1e-10);
}

TEST(StatisticsTest, IntervalsAgreeWithScipy) {
  const auto t = MeanInterval95({kValues.begin(), kValues.begin() + 5});
  ASSERT_TRUE(t);
  EXPECT_NEAR(t->low, 86.59180108226616, 1e-9);
  EXPECT_NEAR(t->high, 88.40819891773384, 1e-9);
  const auto bca = BcaInterval95(kValues);
  ASSERT_TRUE(bca);
  // Of a million resamples there, which know the ends to 0.005, and in closed form here; the
  // percentile interval, without BCa's corrections, would be 86.325 to 87.742.
  EXPECT_NEAR(bca->low, 86.1917, 0.01);
  EXPECT_NEAR(bca->high, 87.675, 0.01);
  EXPECT_FALSE(BcaInterval95({kValues.begin(), kValues.begin() + 9}));
  EXPECT_FALSE(BcaInterval95(std::vector<double>(12, 5.0)));
}

TEST(StatisticsTest, SignFlipAgreesWithScipyAndHasAFloor) {
  EXPECT_EQ(SignFlipP({0.4, -0.1, 0.7, 0.2, 0.5, 0.3}), 0.0625);
  EXPECT_EQ(SignFlipP({0.4, 0.7, 0.2}), 0.25);
  EXPECT_EQ(SignFlipP({1, 1, 1, 1, 1, 1}), 0.03125);  // six seeds can fall below 0.05
  EXPECT_EQ(SignFlipP({1, 1, 1, 1, 1}), 0.0625);      // five cannot
  EXPECT_EQ(SignFlipP({0, 0, 0}), 1);
  EXPECT_FALSE(SignFlipP({}));
  std::vector<double> many;  // more than are enumerated; 200,000 assignments of scipy: 0.0113
  for (int i = 0; i < 30; ++i) many.push_back((i % 10) - 3);
  const double p = *SignFlipP(many);
  EXPECT_GT(p, 0.0098);
  EXPECT_LT(p, 0.0128);
}

TEST(StatisticsTest, McNemarAgreesWithStatsmodels) {
  EXPECT_NEAR(McNemarP(10, 25), 0.016673847800120715, 1e-12);
  EXPECT_NEAR(McNemarP(25, 10), 0.016673847800120715, 1e-12);
  EXPECT_EQ(McNemarP(3, 3), 1);
  EXPECT_NEAR(McNemarP(0, 8), 0.0078125, 1e-12);
  EXPECT_NEAR(McNemarP(412, 351), 0.029778086377039402, 1e-11);
  EXPECT_EQ(McNemarP(0, 0), 1);
}

TEST(StatisticsTest, HolmAgreesWithStatsmodels) {
  const std::vector<double> adjusted = HolmAdjusted({0.01, 0.04, 0.03, 0.005, 0.6});
  const std::vector<double> expected = {0.04, 0.09, 0.09, 0.025, 0.6};
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(adjusted[i], expected[i], 1e-12);
  EXPECT_TRUE(HolmAdjusted({}).empty());
}

}  // namespace
}  // namespace zerosweep
