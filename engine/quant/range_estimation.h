// Range estimation: grids that minimise mean |x − x̂|^p over candidate ranges (LAPQ's layer loss,
// Nahshan et al. 2019, arXiv:1911.07190, as BRECQ, QDrop and Genie use it).
#pragma once

#include <torch/types.h>

#include "engine/loop/progress.h"
#include "engine/quant/number_format.h"

namespace zerosweep {

enum class RangeEstimator {
  kMinMax,        // no search
  kShrinkBoth,    // minimum and maximum times r (BRECQ, Genie weights)
  kWidthAndZero,  // one-sided: 100 widths; two-sided: 100 widths × every zero point (QDrop,
                  // PD-Quant)
  kSymmetric,     // zero point 0: unsigned if nothing is negative, otherwise signed and symmetric
                  // (Genie activations)
  kNarrow         // zero point 0, narrow grids: the largest magnitude times r (weights of runtimes)
};

struct RangeEstimatorSettings {
  RangeEstimator kind = RangeEstimator::kShrinkBoth;
  double p = 2.4;       // BRECQ's quant_layer.py and all code derived from it
  double step = 0.01;   // between candidates
  int candidates = 80;  // r = 1, 1 − step, … (BRECQ: 80; Genie: 100). kWidthAndZero always tries
                        // 1/step widths
  bool contain_zero = false;  // kMinMax, kShrinkBoth: extend every range to 0 (the others do)
  // Receives a report after every width that kWidthAndZero has tried: at 8 bits, the widths of a
  // large layer take minutes together. May be null.
  Progress* progress = nullptr;
};

// Returns one grid for all of x, or with `per_channel` one for each slice of dimension 0. Of equal
// candidates the one tried first wins. A constant or all-zero slice gets the step 1e-8 (Genie's
// code has no such guard and produces NaN). Throws Failure::kNonFinite for values that are not
// finite.
//
// Where candidates · values exceeds 2^26, one grid for all of x is searched on a histogram of 4096
// bins: 100·2^k passes over a large tensor would take minutes.
UniformGrid EstimateGrid(const torch::Tensor& x, int bits, const RangeEstimatorSettings& settings,
                         bool per_channel);

// The grid of the literature on rounding, x̂ = s·(clamp(round(x/s) + z, 0, most) − z), in this
// project's number format; most: 2^k − 1, or 2^k − 2 of a narrow grid. s, z: () or (C).
UniformGrid GridFromStep(const torch::Tensor& step, const torch::Tensor& zero_point, int bits,
                         bool narrow = false);
torch::Tensor StepOf(const UniformGrid& grid);       // s
torch::Tensor ZeroPointOf(const UniformGrid& grid);  // z, an integer in float32

}  // namespace zerosweep
