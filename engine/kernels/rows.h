// Rows of cached tensors, in the cache's memory order.
#pragma once

#include <torch/types.h>

namespace zerosweep {

// of[indices]: of is N×…, with its rows one behind the other in memory; indices is int64, on the
// device of `of`. Without gradient.
torch::Tensor SelectRows(const torch::Tensor& of, const torch::Tensor& indices);

// keep ? chosen : others[indices], element by element; keep is uint8. `chosen`, which SelectRows has
// made, is overwritten and returned.
torch::Tensor MixRows(const torch::Tensor& chosen, const torch::Tensor& keep,
                      const torch::Tensor& others, const torch::Tensor& indices);

}  // namespace zerosweep
