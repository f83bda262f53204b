#include "reports/statistics.h"

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
  EXPECT_NEAR(interval->first, 2 - 4.302653 / std::sqrt(3), 1e-6);
  EXPECT_NEAR(interval->second, 2 + 4.302653 / std::sqrt(3), 1e-6);
}

}  // namespace
}  // namespace zerosweep
