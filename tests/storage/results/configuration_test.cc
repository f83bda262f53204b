#include "storage/results/configuration.h"

#include <gtest/gtest.h>

namespace zerosweep {
namespace {

TEST(ConfigurationTest, SeedsLeaveAndReturn) {
  const Json config = {
      {"seed", 3},
      {"synthesizer", {{"images", 256}, {"seed", 4}, {"a/b", {{"seeds", {1, 2}}}}}},
      {"list", {{{"seed", 9}}}}};
  const SplitConfig split = SplitConfiguration(config);
  EXPECT_EQ(split.shared, (Json{{"synthesizer", {{"images", 256}, {"a/b", Json::object()}}},
                                {"list", {{{"seed", 9}}}}}));
  EXPECT_EQ(split.own.size(), 3u);
  EXPECT_EQ(JoinConfiguration(split), config);
}

TEST(ConfigurationTest, OnlySeedsAreForgotten) {
  const Json one = {{"seed", 0}, {"iterations", 500}};
  EXPECT_EQ(SplitConfiguration(one).shared,
            SplitConfiguration({{"seed", 7}, {"iterations", 500}}).shared);
  EXPECT_NE(SplitConfiguration(one).shared,
            SplitConfiguration({{"seed", 0}, {"iterations", 501}}).shared);
}

TEST(ConfigurationTest, ThreadsAndProfileAreTheTrialsOwn) {
  const Json one = {
      {"threads", {{"quantize", 1}}}, {"profile", "fast"}, {"params", {{"threads", 2}}}};
  const SplitConfig split = SplitConfiguration(one);
  EXPECT_EQ(split.shared, (Json{{"params", {{"threads", 2}}}}));
  EXPECT_EQ(JoinConfiguration(split), one);
}

}  // namespace
}  // namespace zerosweep
