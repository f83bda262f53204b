#include "engine/loop/memory.h"

#include <gtest/gtest.h>

#include <string>

namespace zerosweep {
namespace {

constexpr size_t kMegabytes = size_t{1} << 20;

TEST(MemoryTest, ThePeakIsThatSinceItWasForgotten) {
  ForgetPeakMemory();
  const double before = PeakMemory();
  ASSERT_GT(before, 0);
  {
    const std::string large(300 * kMegabytes, 'x');
    asm volatile("" : : "r"(large.data()) : "memory");  // an optimiser may not leave it out
  }
  EXPECT_GT(PeakMemory(), before + 290e6);
  ForgetPeakMemory();
  EXPECT_LT(PeakMemory(), before + 100e6);
}

}  // namespace
}  // namespace zerosweep
