// What exporters compute from shapes and constants: at import, once.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/import/onnx/onnx_call.h"

namespace zerosweep {

class ConstantFolder {
 public:
  // `room`: bytes that all results together may take while they are needed.
  explicit ConstantFolder(uint64_t room) : room_(room) {}

  // The outputs of a node that depends on no image: Shape and Size of anything, and arithmetic,
  // comparisons and movements of constants. Nothing for other nodes, also for those with constant
  // inputs that are lowered as if these were images. Throws kUsage for impossible shapes and when
  // the room is spent.
  std::optional<std::vector<DraftValue>> Fold(const OnnxCall& call);
  // Takes room for a result while somebody may read it. Refuses the node when there is none.
  void Take(const OnnxCall& call, const torch::Tensor& tensor);
  void GiveBack(const torch::Tensor& tensor) { room_ += tensor.nbytes(); }

 private:
  torch::Tensor Compute(const OnnxCall& call);
  torch::Tensor Binary(const OnnxCall& call);
  torch::Tensor Unary(const OnnxCall& call);
  torch::Tensor Where(const OnnxCall& call);
  torch::Tensor Gather(const OnnxCall& call);
  torch::Tensor Sliced(const OnnxCall& call);
  torch::Tensor Concat(const OnnxCall& call);
  torch::Tensor Range(const OnnxCall& call);
  torch::Tensor Filled(const OnnxCall& call);
  torch::Tensor Expand(const OnnxCall& call);
  torch::Tensor Tile(const OnnxCall& call);
  torch::Tensor Cast(const OnnxCall& call);
  torch::Tensor Product(const OnnxCall& call);
  // Refuses a shape that there is no room for; returns the others.
  std::vector<int64_t> Fitting(const OnnxCall& call, std::vector<int64_t> shape) const;

  uint64_t room_;
};

// The part of a tensor along one dimension that ONNX's start, end and step choose, with a step that
// is not negative clamped as Slice says: start ≤ end, both in [0, size].
struct SliceRange {
  int64_t dim = 0, start = 0, end = 0, step = 1;
};
std::vector<SliceRange> SliceRanges(const OnnxCall& call, torch::IntArrayRef shape);

// The type that a Cast asks for. Refuses those that are not read.
torch::ScalarType CastType(const OnnxCall& call);

}  // namespace zerosweep
