// How far a unit's output moves the network's prediction: KL(softmax(o/T) ‖ softmax(ô/T)), a mean
// over images without a factor T². o: the teacher's logits; ô: those of the rest of the network in
// full precision on that output (PD-Quant; BRECQ's Fisher information with T = 1).
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

  // Before a unit, of the student's graph.
  void BeginUnit(const Unit& unit);
  // For the unit's output on the images of these indices; differentiable in it.
  torch::Tensor Of(const torch::Tensor& output, const torch::Tensor& indices) const;

  const Graph& graph() const { return graph_; }

 private:
  Graph graph_;  // full precision, the student's nodes
  double temperature_;
  torch::Tensor teacher_log_;  // log-probabilities of all images
  Graph rest_;                 // from the unit's output to the logits
};

}  // namespace zerosweep
