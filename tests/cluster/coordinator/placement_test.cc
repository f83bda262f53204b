#include "cluster/coordinator/placement.h"

#include <gtest/gtest.h>

namespace zerosweep {
namespace {

constexpr double kSecond = 1;

std::vector<int> NodesOf(const std::vector<SlotAllocation>& seats) {
  std::vector<int> nodes;
  for (const SlotAllocation& seat : seats) nodes.push_back(seat.node);
  return nodes;
}

TEST(PlacementTest, OneRankFillsUpTheFullestNode) {
  Placement placement;
  placement.AddNode(0, {.slots = 4});
  placement.AddNode(1, {.slots = 2});
  for (const int expected : {1, 1, 0}) {
    const auto seats = placement.Take(0, {}, kSecond, {}, 0);
    ASSERT_EQ(NodesOf(seats), std::vector<int>{expected});
  }
  EXPECT_EQ(NodesOf(placement.Take(0, {}, kSecond, /*near=*/{1}, 0)), std::vector<int>{0});
  EXPECT_FALSE(placement.Full());
}

TEST(PlacementTest, SlotsComeBackAndOnlyOnce) {
  Placement placement;
  placement.AddNode(0, {.slots = 1});
  const auto seats = placement.Take(0, {}, kSecond, {}, 0);
  EXPECT_TRUE(placement.Full());
  EXPECT_TRUE(placement.Take(1, {}, kSecond, {}, 0).empty());
  placement.Release(seats);
  placement.Release(seats);
  EXPECT_EQ(placement.Take(1, {}, kSecond, {}, 0).size(), 1U);
  EXPECT_TRUE(placement.Full());
}

TEST(PlacementTest, SlotsOfALostNodeAreGone) {
  Placement placement;
  placement.AddNode(0, {.slots = 2});
  placement.AddNode(1, {.slots = 1});
  const auto seats = placement.Take(0, {}, kSecond, /*near=*/{0}, 0);
  placement.RemoveNode(0);
  placement.Release(seats);
  EXPECT_EQ(NodesOf(placement.Take(1, {}, kSecond, {}, 0)), std::vector<int>{1});
  EXPECT_TRUE(placement.Full());
  EXPECT_FALSE(placement.Fits({.ranks = 2}));
}

TEST(PlacementTest, CoresMemoryAndGpusCount) {
  Placement placement;
  placement.AddNode(0, {.slots = 4, .cores = 8, .memory = 16e9});  // two cores a slot
  EXPECT_TRUE(placement.Take(0, {.gpu = true}, kSecond, {}, 0).empty());
  const auto wide = placement.Take(0, {.cpus = 5}, kSecond, {}, 0);
  ASSERT_EQ(wide.size(), 1U);
  EXPECT_EQ(wide[0].slots.size(), 3U);
  EXPECT_TRUE(placement.Take(1, {.cpus = 3}, kSecond, {}, 0).empty());  // one slot is left
  placement.Release(wide);
  EXPECT_EQ(placement.Take(1, {.memory = 10e9}, kSecond, {}, 0).size(), 1U);
  EXPECT_TRUE(placement.Take(2, {.memory = 10e9}, kSecond, {}, 0).empty());
  EXPECT_TRUE(placement.Fits({.memory = 10e9}));
  EXPECT_FALSE(placement.Fits({.memory = 20e9}));
  placement.AddNode(1, {.slots = 1, .gpus = true});
  EXPECT_EQ(NodesOf(placement.Take(3, {.gpu = true}, kSecond, {}, 0)), std::vector<int>{1});
}

TEST(PlacementTest, RanksStandOnAsFewNodesAsPossible) {
  Placement placement;
  for (const auto& [node, slots] : {std::pair(0, 2), std::pair(1, 4), std::pair(2, 3)})
    placement.AddNode(node, {.slots = slots});
  EXPECT_EQ(NodesOf(placement.Take(0, {.ranks = 6}, kSecond, {}, 0)),
            (std::vector<int>{1, 1, 1, 1, 2, 2}));
  EXPECT_TRUE(placement.Take(1, {.ranks = 4}, kSecond, {}, 0).empty());
}

// Two slots run until 10 and 20; a stage of two ranks waits.
TEST(PlacementTest, AReservationLetsOnlyThoseInThatEndBefore) {
  Placement placement;
  placement.AddNode(0, {.slots = 3});
  const auto first = placement.Take(0, {}, 10, {}, 0);
  placement.Take(1, {}, 20, {}, 0);
  placement.Reserve(9, {.ranks = 2}, 0);  // from 10 on
  EXPECT_TRUE(placement.Take(2, {}, 11, {}, 0).empty());
  const auto short_one = placement.Take(3, {}, 9, {}, 0);
  ASSERT_EQ(short_one.size(), 1U);
  placement.Release(first);
  EXPECT_TRUE(placement.Take(9, {.ranks = 2}, 5, {}, 10).empty());
  EXPECT_TRUE(placement.Take(4, {}, 0.1, {}, 10).empty());  // never put off
  placement.Release(short_one);
  EXPECT_EQ(placement.Take(9, {.ranks = 2}, 5, {}, 10).size(), 2U);
  EXPECT_EQ(placement.reserved(), std::nullopt);
}

}  // namespace
}  // namespace zerosweep
