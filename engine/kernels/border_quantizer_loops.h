// The loops of border_quantizer.h over float32 in memory. The bits of a result depend neither on
// the instruction set nor on the number of threads.
#pragma once

#include "engine/kernels/map_shape.h"

namespace zerosweep {

inline constexpr double kHighestBorder = 0.999;

struct BorderGrid {
  float step, levels;  // s, 2^k − 1
  float low, high;     // of q
};

// Rows of MapShape::Along.
struct BorderRows {
  const float *b0, *b1, *b2;
};

// `keep` may be null, here and below.
struct BorderForward {
  const float* x;
  const uint8_t* keep;
  float* y;
};
struct BorderBackward {
  const float* x;
  const uint8_t* keep;
  const float* g;  // of y
  float* for_x;
  double* for_border;  // channels × 3, added to
  double* for_step;    // without its factor, added to
};

void Pass(const MapShape& shape, const BorderGrid& grid, const BorderRows& rows,
          const BorderForward& map);
void Pass(const MapShape& shape, const BorderGrid& grid, const BorderRows& rows,
          const BorderBackward& map);

}  // namespace zerosweep
