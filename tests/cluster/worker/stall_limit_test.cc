#include <gtest/gtest.h>

#include "cluster/worker/supervisor.h"

namespace zerosweep {
namespace {

TEST(StallLimitTest, GrowsWithTheMedianStep) {
  StallLimit limit(120, 20);
  EXPECT_EQ(limit.Seconds(), 120);
  for (int i = 0; i < 9; ++i) limit.AddStep(10);
  limit.AddStep(1000);
  EXPECT_EQ(limit.Seconds(), 200);
}

}  // namespace
}  // namespace zerosweep
