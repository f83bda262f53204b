// How far a unit's output moves the network's prediction (PD-Quant; BRECQ's Fisher information with
// T = 1):
//   KL(softmax(o/T) ‖ softmax(ô/T))
// o: the teacher's logits; ô: the logits that the rest of the network computes in full precision
// from that output. A mean over images, without a factor T².
#pragma once

#include <torch/types.h>

#include "engine/graph/graph.h"
#include "engine/graph/units.h"
#include "engine/quant/quantizer.h"

namespace zerosweep {

class PredictionDivergence {
 public:
  // Runs the teacher on the context's images, `batch` at once.
  PredictionDivergence(const QuantizationContext& context, double temperature, int64_t batch);

  // Call it before each unit, which is one of the student's graph.
  void BeginUnit(const Unit& unit);
  // The divergence for the unit's output on the images at `indices`; differentiable in `output`.
  torch::Tensor Of(const torch::Tensor& output, const torch::Tensor& indices) const;

  const Graph& graph() const { return graph_; }

 private:
  Graph graph_;  // the student's nodes in full precision
  double temperature_;
  torch::Tensor teacher_log_;  // log-probabilities of all images
  Graph rest_;                 // from the unit's output to the logits
};

}  // namespace zerosweep
