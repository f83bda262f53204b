// Fake quantization of a whole tensor on one grid, in one pass over memory.
#pragma once

#include <torch/types.h>

#include "engine/kernels/fake_quantizer_loops.h"

namespace zerosweep {

// x: float32, dense, on a CPU or a CUDA device. Each operation is rounded separately (no fused
// multiply-add), so the result equals the tensor expression of number_format.h bit for bit. With
// `overwrite` it takes the place of x. Without gradient. A grid with `as_codes` gives codes instead,
// on the CPU alone: uint8, in x's shape and format.
torch::Tensor FakeQuantizeTensor(const torch::Tensor& x, const FakeGrid& grid, bool overwrite);

// The values of such codes, with the bits that FakeQuantizeTensor gives them.
torch::Tensor DecodeTensor(const torch::Tensor& codes, const FakeGrid& grid);

}  // namespace zerosweep
