// Data that the training of a unit reads at every step, computed once for all images.
#pragma once

#include <torch/types.h>

#include <functional>
#include <span>
#include <vector>

#include "engine/graph/subgraph.h"
#include "engine/graph/units.h"
#include "engine/quant/quantized_network.h"
#include "engine/reconstruction/reconstruction_settings.h"

namespace zerosweep {

// All N×…, a row for each image.
struct UnitCaches {
  torch::Tensor x_q;     // input on the student's path, contiguous
  torch::Tensor x_fp;    // input in full precision, contiguous
  torch::Tensor y;       // target: the output in full precision for x_fp
  torch::Tensor weight;  // g², of y's shape; undefined: 1
};

// All images' tensors at a value of a network.
struct Place {
  Value value;
  torch::Tensor x;
  at::MemoryFormat format;  // in which a network made x
  bool made = true;         // by operators, with the quantizers at the value; false: the images
};

// The way of the images through a network: the places that values ahead are computed from.
class Way {
 public:
  Way(const Graph& graph, const torch::Tensor& images);

  // Returns the last place that `to` depends on alone, perhaps the one at `to`.
  const Place& Before(Value to) const { return places_[Index(to)]; }
  // Adds a place and forgets those before it that the inputs of `ahead` are not computed from.
  const Place& Reach(Place place, std::span<const Unit> ahead);

 private:
  size_t Index(Value to) const;

  const Graph& graph_;
  std::vector<Place> places_;  // at first the images
};

// Makes the caches of units, one after the other. The images go through both networks once, but for
// what lies behind a tensor whose readers see it quantized and raw. At units inside a block it keeps
// the tensors at the block's input as well.
class UnitCacher {
 public:
  // `teacher` has the student's nodes in full precision; `units` refer to these nodes.
  // `after_batch` is called after every batch of images that a network has processed. All must
  // outlive this object.
  UnitCacher(const QuantizedNetwork& student, ActPlacement placement, const Graph& teacher,
             std::span<const Unit> units, const torch::Tensor& images,
             std::function<void()> after_batch);

  // REQUIRES: all calls are for one phase; the units before `unit` have their last weights and
  // grids.
  UnitCaches Of(const Phase& phase, size_t unit);

 private:
  Place Run(const Place& from, const Subgraph& part, Value to, const ForwardHooks& hooks) const;
  const Place& ReachInTeacher(Value to, std::span<const Unit> ahead);
  torch::Tensor ReachInStudent(bool quantized, Value to, std::span<const Unit> ahead);

  const QuantizedNetwork& student_;
  ActPlacement placement_;
  const Graph& teacher_;
  std::span<const Unit> units_;
  std::function<void()> after_batch_;
  Way in_teacher_, in_student_;
};

}  // namespace zerosweep
