// The loops of soft_rounding.h over the weights of one output channel.
#pragma once

#include <cstdint>

namespace zerosweep {

// The rectified sigmoid h(V) = clamp(sigmoid(V)·(ζ − γ) + γ, 0, 1).
inline constexpr double kZeta = 1.1;
inline constexpr double kGamma = -0.1;

struct RoundingRow {
  const float *v, *base;
  float* weight;  // w̃
  float* slope;   // ∂w̃/∂V
  float* pull;    // ∂loss/∂V, or null: no loss
  int64_t count;
  float step, zero_point, top;  // top: 2^k − 1
  float b;
};
// Returns the loss of the row.
double RoundRow(const RoundingRow& row);

// for_v = g · slope + factor · pull
struct RoundingRowBack {
  const float *g, *slope;
  const float* pull;  // may be null
  const float* weight;
  float* for_v;
  int64_t count;
  float factor;
};
// Returns Σ g·w̃.
float RoundRowBack(const RoundingRowBack& row);

}  // namespace zerosweep
