// Data that the training of a unit reads at every step, computed once for all images.
#pragma once

#include <torch/types.h>

#include <functional>

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

// `teacher` has the student's nodes in full precision, and `unit` refers to these nodes.
// `after_batch` is called after every batch of images that a network has processed.
UnitCaches CacheUnit(const QuantizedNetwork& student, ActPlacement placement, const Graph& teacher,
                     const torch::Tensor& images, const Phase& phase, const Unit& unit,
                     const std::function<void()>& after_batch);

}  // namespace zerosweep
