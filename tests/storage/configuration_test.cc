#include "storage/configuration.h"

#include <gtest/gtest.h>

namespace zerosweep {
namespace {

TEST(ConfigurationTest, SeedsLeaveAndReturn) {
  const Json config = {
      {"seed", 3},
      {"synthesizer", {{"images", 256}, {"seed", 4}, {"a/b", {{"seeds", {1, 2}}}}}},
      {"list", {{{"seed", 9}}}}};
  const SplitConfig split = SplitSeeds(config);
  EXPECT_EQ(split.shared, (Json{{"synthesizer", {{"images", 256}, {"a/b", Json::object()}}},
                                {"list", {{{"seed", 9}}}}}));
  EXPECT_EQ(split.seeds.size(), 3u);
  EXPECT_EQ(JoinSeeds(split), config);
}

TEST(ConfigurationTest, OnlySeedsAreForgotten) {
  const Json one = {{"seed", 0}, {"iterations", 500}};
  EXPECT_EQ(SplitSeeds(one).shared, SplitSeeds({{"seed", 7}, {"iterations", 500}}).shared);
  EXPECT_NE(SplitSeeds(one).shared, SplitSeeds({{"seed", 0}, {"iterations", 501}}).shared);
}

}  // namespace
}  // namespace zerosweep
