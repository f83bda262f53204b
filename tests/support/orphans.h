// Checks that no process of a run outlives it.
#pragma once

#include <gtest/gtest.h>

#include "tests/support/program.h"

namespace zerosweep {

// Expects that no stage process or rank of this home is left after `patience` seconds.
inline void ExpectNoOrphans(const std::filesystem::path& home, double patience = 20) {
  EXPECT_TRUE(WaitUntil([&] { return StagesOf(home).empty(); }, patience));
  EXPECT_TRUE(WaitUntil([&] { return RanksOf(home).empty(); }, patience));
}

}  // namespace zerosweep
