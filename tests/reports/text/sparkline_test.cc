#include "reports/text/sparkline.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace zerosweep {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(SparklineTest, RunsFromTheLowestToTheHighestValue) {
  EXPECT_EQ(Sparkline({0, 1, 2, 3, 4, 5, 6, 7}, 40), "▁▂▃▄▅▆▇█");
  EXPECT_EQ(Sparkline({-3, 4}, 40), "▁█");
  EXPECT_EQ(Sparkline({5, 5, 5}, 40), "▅▅▅");
  EXPECT_EQ(Sparkline({}, 40), "");
}

TEST(SparklineTest, MorePointsThanColumnsAreMeansOfEqualParts) {
  // Means 0.5, 2.5, 4.5, 6.5.
  EXPECT_EQ(Sparkline({0, 1, 2, 3, 4, 5, 6, 7}, 4), "▁▃▆█");
  // 0 1 | 2 3 4: every point belongs to one part.
  EXPECT_EQ(Sparkline({0, 0, 9, 0, 0}, 2), "▁█");
  EXPECT_EQ(Sparkline({9, 0, 0, 0, 0}, 1), "▅");
}

TEST(SparklineTest, MoreThanTwoDecadesOfPositiveValuesAreLogarithmic) {
  EXPECT_FALSE(OnLogScale({1, 100}));
  EXPECT_TRUE(OnLogScale({1, 101}));
  EXPECT_FALSE(OnLogScale({0, 1000}));
  EXPECT_FALSE(OnLogScale({-1, 1, 1000}));
  EXPECT_FALSE(OnLogScale({}));
  EXPECT_TRUE(OnLogScale({kNan, 1, kInf, 1000}));
  // Equal steps of the logarithm: 1, 10, 100, 1000.
  EXPECT_EQ(Sparkline({1, 10, 100, 1000}, 40), "▁▃▆█");
  EXPECT_EQ(Sparkline({0, 10, 100, 1000}, 40), "▁▁▁█") << "zero has no logarithm";
}

TEST(SparklineTest, WhatIsNotFiniteIsAGap) {
  EXPECT_EQ(Sparkline({1, kNan, 2, kInf, 3, -kInf}, 40), "▁ ▅ █ ");
  EXPECT_EQ(Sparkline({1, kNan, 3, 3}, 2), " ▅") << "one such point is not averaged away";
  EXPECT_EQ(Sparkline({kNan, kNan}, 40), "  ");
}

}  // namespace
}  // namespace zerosweep
