// The loops of fake_quantizer.h over float32 in memory.
#pragma once

#include <cstdint>

namespace zerosweep {

// A grid of 2^bits codes q for a whole tensor: x̂ = (q + offset) / inverse_scale.
struct FakeGrid {
  FakeGrid(float inverse_scale, float offset, int bits);

  float inverse_scale, offset;
  float low, high;   // of q
  float reciprocal;  // of inverse_scale, if a multiplication by it gives the quotient of every code
  bool as_codes = false;  // wanted is q − low as uint8, and not the value
};

// y = the value of the nearest code of x; y may be x. Each operation is rounded separately, on every
// machine.
void FakeQuantizeSpan(const FakeGrid& grid, const float* x, float* y, int64_t count);
// codes = q − low of the nearest code of x.
void EncodeSpan(const FakeGrid& grid, const float* x, uint8_t* codes, int64_t count);
// y = the values of these codes, with the bits of FakeQuantizeSpan.
void DecodeSpan(const FakeGrid& grid, const uint8_t* codes, float* y, int64_t count);

}  // namespace zerosweep
