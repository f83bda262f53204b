#include "engine/kernels/soft_rounding_loops.h"

#include <algorithm>
#include <cmath>

#include "engine/kernels/clones.h"

namespace zerosweep {
namespace {

constexpr auto kSpan = static_cast<float>(kZeta - kGamma), kLow = static_cast<float>(kGamma);
static_assert(kSpan == 1.2F && kLow == -0.1F);
constexpr int64_t kBlock = 512;  // values between two sums in double

// h(V) and its slope.
struct Rectified {
  float h, slope;
};
ZEROSWEEP_INLINE Rectified RectifiedSigmoid(float v) {
  const float sigmoid = 1 / (1 + expf(-v)), stretched = sigmoid * kSpan + kLow;
  const bool inside = stretched >= 0 && stretched <= 1;
  return {std::min(std::max(stretched, 0.F), 1.F), inside ? kSpan * sigmoid * (1 - sigmoid) : 0.F};
}

}  // namespace

ZEROSWEEP_CLONES double RoundRow(const RoundingRow& row) {
  const float* __restrict v = row.v;
  const float* __restrict base = row.base;
  float* __restrict weight = row.weight;
  float* __restrict slope = row.slope;
  const float step = row.step, zero_point = row.zero_point, top = row.top, b = row.b;
  for (int64_t i = 0; i < row.count; ++i) {
    const Rectified soft = RectifiedSigmoid(v[i]);
    const float q = base[i] + soft.h + zero_point;
    weight[i] = step * (std::min(std::max(q, 0.F), top) - zero_point);
    slope[i] = q >= 0 && q <= top ? step * soft.slope : 0.F;
  }
  double loss = 0;
  for (int64_t first = 0; row.pull != nullptr && first < row.count; first += kBlock) {
    const int64_t count = std::min(kBlock, row.count - first);
    float* __restrict pull = row.pull + first;
    float powers[kBlock];
    for (int64_t i = 0; i < count; ++i) {
      const Rectified soft = RectifiedSigmoid(v[first + i]);
      const float side = 2 * soft.h - 1, size = std::fabs(side), lower = powf(size, b - 1);
      pull[i] = side == 0 ? 0.F : -2 * b * std::copysign(lower, side) * soft.slope;
      powers[i] = lower * size;
    }
    for (int64_t i = 0; i < count; ++i) loss += 1 - static_cast<double>(powers[i]);
  }
  return loss;
}

ZEROSWEEP_CLONES float RoundRowBack(const RoundingRowBack& row) {
  const float* __restrict g = row.g;
  const float* __restrict slope = row.slope;
  const float* __restrict weight = row.weight;
  float* __restrict for_v = row.for_v;
  for (int64_t i = 0; i < row.count; ++i) for_v[i] = g[i] * slope[i];
  if (row.pull != nullptr) {
    const float* __restrict pull = row.pull;
    for (int64_t i = 0; i < row.count; ++i) for_v[i] += row.factor * pull[i];
  }
  return LaneSum(
      row.count, [&](int64_t i) __attribute__((always_inline)) { return g[i] * weight[i]; });
}

}  // namespace zerosweep
