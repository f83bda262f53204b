#include "reports/leaderboard/differences.h"

#include <gmock/gmock.h>

namespace zerosweep {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(DifferencesTest, NamesThePlacesThatAreNotTheSameInAll) {
  const Json plain = {{"/a", 1}, {"/b/c", "x"}, {"/d", 0.5}};
  Json other = plain, third = plain;
  other["/b/c"] = "y";
  third["/a"] = 2;
  EXPECT_THAT(DifferingPaths({plain, other}), ElementsAre("/b/c"));
  EXPECT_THAT(DifferingPaths({plain, plain, third, other}), ElementsAre("/a", "/b/c"));
  EXPECT_THAT(DifferingPaths({plain, plain}), IsEmpty());
}

TEST(DifferencesTest, WhatOneDoesNotHoldDiffers) {
  const Json with = {{"/a", 1}, {"/b", nullptr}}, without = {{"/a", 1}};
  EXPECT_THAT(DifferingPaths({with, without}), ElementsAre("/b"));
  EXPECT_THAT(DifferingPaths({without, with}), ElementsAre("/b"));
}

}  // namespace
}  // namespace zerosweep
