// The maps of a tensor: its images or planes, one behind another in memory.
#pragma once

#include <torch/types.h>

#include <algorithm>

#include "engine/kernels/chunks.h"
#include "engine/kernels/map_shape.h"

namespace zerosweep {

// Images of a channels-last tensor N×C×H×W or of a matrix N×C; planes of single channels of any
// other tensor N×C×….
class Maps {
 public:
  explicit Maps(const torch::Tensor& x);

  // A dense tensor with the same order of values.
  torch::Tensor Ordered(const torch::Tensor& x) const { return x.contiguous(format_); }

  // Calls visit(first value of the map, its first channel, its first pair of image and channel), on
  // several threads.
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    const int64_t grain = std::max<int64_t>(1, kGrain / std::max<int64_t>(1, shape_.values()));
    at::parallel_for(0, count_, grain, [&](int64_t begin, int64_t end) {
      for (int64_t m = begin; m < end; ++m)
        visit(m * shape_.values(), m % planes_ * shape_.channels, m * shape_.channels);
    });
  }

  const MapShape& shape() const { return shape_; }

 private:
  at::MemoryFormat format_;
  int64_t planes_;  // maps of an image
  int64_t count_;
  MapShape shape_;
};

// A dense tensor whose values stand in the order that its strides suggest.
torch::Tensor Dense(const torch::Tensor& x);

}  // namespace zerosweep
