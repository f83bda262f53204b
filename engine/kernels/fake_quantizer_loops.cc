#include "engine/kernels/fake_quantizer_loops.h"

#include <cmath>

#include "engine/kernels/clones.h"

namespace zerosweep {
namespace {

constexpr float kNone = 0;  // a reciprocal that is not to be used

ZEROSWEEP_INLINE float Nearest(const FakeGrid& grid, float x) {
  float q = std::nearbyint(grid.inverse_scale * x - grid.offset);
  q = q < grid.low ? grid.low : q;
  return q > grid.high ? grid.high : q;
}

// The nearest code plus the offset.
ZEROSWEEP_INLINE float Shifted(const FakeGrid& grid, float x) {
  return Nearest(grid, x) + grid.offset;
}
// The same of a code.
ZEROSWEEP_INLINE float Shifted(const FakeGrid& grid, uint8_t code) {
  return static_cast<float>(code) + grid.low + grid.offset;
}

// value / scale by multiplications, the last digit corrected (Markstein 1990, theorem 1). Right
// unless the reciprocal's own error is among the largest.
ZEROSWEEP_INLINE float Quotient(float value, float scale, float reciprocal) {
  const float first = value * reciprocal;
  return __builtin_fmaf(__builtin_fmaf(-first, scale, value), reciprocal, first);
}

template <typename From>
ZEROSWEEP_INLINE void Divide(const FakeGrid& given, const From* x, float* y, int64_t count) {
  const FakeGrid grid = given;  // y could alias it
  // y is x or apart from it.
  ZEROSWEEP_INDEPENDENT
  for (int64_t i = 0; i < count; ++i) y[i] = Shifted(grid, x[i]) / grid.inverse_scale;
}

template <typename From>
ZEROSWEEP_INLINE void Multiply(const FakeGrid& given, const From* x, float* y, int64_t count) {
  const FakeGrid grid = given;
  ZEROSWEEP_INDEPENDENT
  for (int64_t i = 0; i < count; ++i)
    y[i] = Quotient(Shifted(grid, x[i]), grid.inverse_scale, grid.reciprocal);
}

// The instruction sets with a fused multiply-add; without one it is a call.
#define ZEROSWEEP_FUSED_CLONES __attribute__((target_clones("avx512f", "fma", "default")))

ZEROSWEEP_CLONES void DivideValues(const FakeGrid& grid, const float* x, float* y, int64_t count) {
  Divide(grid, x, y, count);
}
ZEROSWEEP_CLONES void DivideCodes(const FakeGrid& grid, const uint8_t* x, float* y, int64_t count) {
  Divide(grid, x, y, count);
}
ZEROSWEEP_FUSED_CLONES void MultiplyValues(const FakeGrid& grid, const float* x, float* y,
                                           int64_t count) {
  Multiply(grid, x, y, count);
}
ZEROSWEEP_FUSED_CLONES void MultiplyCodes(const FakeGrid& grid, const uint8_t* x, float* y,
                                          int64_t count) {
  Multiply(grid, x, y, count);
}

}  // namespace

FakeGrid::FakeGrid(float inverse_scale, float offset, int bits)
    : inverse_scale(inverse_scale),
      offset(offset),
      low(-static_cast<float>(int64_t{1} << (bits - 1))),
      high(-low - 1),
      reciprocal(1 / inverse_scale) {
  static const bool fused = __builtin_cpu_supports("fma") > 0;
  bool right = fused;
  for (float q = low; right && q <= high; ++q)
    right = Quotient(q + offset, inverse_scale, reciprocal) == (q + offset) / inverse_scale;
  if (!right) reciprocal = kNone;
}

void FakeQuantizeSpan(const FakeGrid& grid, const float* x, float* y, int64_t count) {
  if (grid.reciprocal == kNone) return DivideValues(grid, x, y, count);
  MultiplyValues(grid, x, y, count);
}

ZEROSWEEP_CLONES void EncodeSpan(const FakeGrid& given, const float* x, uint8_t* codes,
                                 int64_t count) {
  const FakeGrid grid = given;
  ZEROSWEEP_INDEPENDENT
  for (int64_t i = 0; i < count; ++i)
    codes[i] = static_cast<uint8_t>(static_cast<int32_t>(Nearest(grid, x[i]) - grid.low));
}

void DecodeSpan(const FakeGrid& grid, const uint8_t* codes, float* y, int64_t count) {
  if (grid.reciprocal == kNone) return DivideCodes(grid, codes, y, count);
  MultiplyCodes(grid, codes, y, count);
}

}  // namespace zerosweep
