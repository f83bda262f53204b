// Work on a long row of values in chunks that threads share.
#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

namespace zerosweep {

inline constexpr int64_t kGrain = 1 << 15;  // values worth a thread
inline constexpr int64_t kChunk = 1 << 14;  // values between two sums in double

// Calls part(first, count) for the chunks of `count` values and returns the sum of the results: in
// order, so that its bits do not depend on the number of threads.
template <typename Part>
double SumByChunk(int64_t count, const Part& part) {
  std::vector<float> parts(static_cast<size_t>((count + kChunk - 1) / kChunk));
  at::parallel_for(0, static_cast<int64_t>(parts.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      parts[static_cast<size_t>(i)] = part(i * kChunk, std::min(kChunk, count - i * kChunk));
  });
  double sum = 0;
  for (const float of : parts) sum += of;
  return sum;
}

}  // namespace zerosweep
