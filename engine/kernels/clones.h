// What the loops of this folder share: the instruction sets that they are compiled for, and sums,
// powers and exponentials that a compiler may vectorise.
#pragma once

#include <cmath>
#include <cstdint>

#if __has_attribute(simd)
// glibc has these for whole vectors (libmvec), which GCC uses when it is told so.
extern "C" {
__attribute__((simd("notinbranch"), const)) float expf(float) noexcept;
__attribute__((simd("notinbranch"), const)) float powf(float, float) noexcept;
}
#endif

// Compiles a function for several instruction sets; the program takes the machine's at start.
#define ZEROSWEEP_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
// Before a loop whose turns do not depend on one another, though pointers may be equal.
#ifdef __clang__
#define ZEROSWEEP_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define ZEROSWEEP_INDEPENDENT _Pragma("GCC ivdep")
#endif
// For what such functions call, so that it is compiled with them.
#define ZEROSWEEP_INLINE inline __attribute__((always_inline))

namespace zerosweep {

// Returns value(0) + … + value(count − 1) by sixteen partial sums, since the compiler may not
// reorder a single one.
template <typename ValueAt>
ZEROSWEEP_INLINE float LaneSum(int64_t count, const ValueAt& value) {
  constexpr int64_t kLanes = 16;
  float sums[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (int64_t lane = 0; lane < kLanes; ++lane) sums[lane] += value(i + lane);
  for (int64_t lane = 0; i + lane < count; ++lane) sums[lane] += value(i + lane);
  float sum = 0;
  for (const float lane : sums) sum += lane;
  return sum;
}

}  // namespace zerosweep
