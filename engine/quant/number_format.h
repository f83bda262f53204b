// The number format of ZeroQ, GDFQ, IntraQ and DSG: asymmetric and uniform, k bits over a range
// [lo, hi].
//
//   S = (2^k − 1) / max(hi − lo, 1e-8)                 the inverse step
//   z = round(S·lo) + 2^(k−1)                          an integer
//   q = clamp(round(S·x − z), −2^(k−1), 2^(k−1) − 1)
//   x̂ = (q + z) / S
//
// z is rounded before it is used, so real 0 is exact when lo ≤ 0 ≤ hi. round is to nearest, ties to
// even. Source: ZeroQ (Cai et al., CVPR 2020), released code, quant_utils.py.
#pragma once

#include <torch/types.h>

#include "engine/kernels/fake_quantizer_loops.h"

namespace zerosweep {

inline constexpr int kMinBits = 2;
inline constexpr int kMaxBits = 8;
inline constexpr int kPassThroughBits = 32;  // no quantization at all

// inverse_scale (S) and offset (z): float32, of shape () for one grid, or (C) for one grid per channel of
// dimension 0.
//
// A narrow grid lacks the code −2^(k−1), so that its codes are symmetric about 0.
struct UniformGrid {
  int bits = kPassThroughBits;
  torch::Tensor inverse_scale;
  torch::Tensor offset;
  bool narrow = false;

  bool pass_through() const { return bits == kPassThroughBits; }
  int low() const { return (narrow ? 1 : 0) - (1 << (bits - 1)); }  // the least code
  int high() const { return (1 << (bits - 1)) - 1; }
};

// lo, hi: same shape, () or (C). Throws kUsage for bits other than 2…8 and 32, and kTrial for a
// range that is not finite.
UniformGrid MakeUniformGrid(const torch::Tensor& lo, const torch::Tensor& hi, int bits);

// One grid per slice of dimension 0 (output channel): asymmetric, over that slice's minimum and maximum.
UniformGrid PerChannelMinMaxGrid(const torch::Tensor& weight, int bits);

// Symmetric grids, narrow and with offset 0: the codes ±(2^(k−1) − 1) are the largest magnitude of
// the slice.
UniformGrid PerChannelSymmetricGrid(const torch::Tensor& weight, int bits);

// Shapes a per-channel parameter (C) to broadcast along dimension 0 of x. Returns one of shape ()
// unchanged.
torch::Tensor AlongChannels(const torch::Tensor& parameter, const torch::Tensor& x);

// Returns the integer codes q as int8, in x's shape. A per-channel grid runs along dimension 0.
// REQUIRES: not pass_through.
torch::Tensor Encode(const torch::Tensor& x, const UniformGrid& grid);

// Returns x̂ for integer codes.
torch::Tensor Decode(const torch::Tensor& codes, const UniformGrid& grid);

// Decode(Encode(x)), in one pass over memory for float32 on the CPU or a GPU. Returns x itself for
// a pass-through grid. No gradient. The bits of the result do not depend on the number of threads.
// With `overwrite` the result may take the place of x.
torch::Tensor FakeQuantize(const torch::Tensor& x, const UniformGrid& grid, bool overwrite = false);

// Whether the grid is one for a whole tensor, in float32.
bool ForWholeTensor(const UniformGrid& grid);
// REQUIRES: ForWholeTensor(grid).
FakeGrid FakeGridOf(const UniformGrid& grid);

}  // namespace zerosweep
