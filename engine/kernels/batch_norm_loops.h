// The loops of batch_norm.h over float32 in memory. The bits of a result depend neither on the
// instruction set nor on the number of threads.
#pragma once

#include "engine/kernels/fake_quantizer_loops.h"
#include "engine/kernels/map_shape.h"

namespace zerosweep {

enum class Activation { kNone, kRelu, kRelu6 };

// y = activation(scale · x + shift + residual), on the grid if there is one; a grid with `as_codes`
// leaves y as it is and fills `codes`. `residual` and `y` may be null; y may be x. Then the mean over pixels and the sum of squared deviations from it, both
// `channels` values, unless they are null.
struct NormForward {
  const float* x;
  const float* residual;
  float* y;
  const FakeGrid* grid;
  uint8_t* codes;
  float *mean, *squares;
};
// What flows back, with g the gradient of y:
//   for_residual = g · activation'(scale · x + shift + residual), 0 without g
//   for_x = for_residual · scale + slope · (x − mean) + offset
// `residual`, `g` and `for_residual` may be null.
struct NormBackward {
  const float* x;
  const float* residual;
  const float* g;
  float* for_x;
  float* for_residual;
};

// Rows of MapShape::Along. NormBackward alone reads `mean`, `slope` and `offset`, which are null when
// there are no moments.
struct NormRows {
  const float *scale = nullptr, *shift = nullptr;
  const float *mean = nullptr, *slope = nullptr, *offset = nullptr;
};

void Pass(const MapShape& shape, const NormRows& rows, Activation activation,
          const NormForward& map);
void Pass(const MapShape& shape, const NormRows& rows, Activation activation,
          const NormBackward& map);

}  // namespace zerosweep
