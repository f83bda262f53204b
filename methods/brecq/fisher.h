// The Fisher-weighted error of BRECQ (Li et al., ICLR 2021, eq. 10): squared errors of a unit's
// output, each times the square of the gradient that the network's loss has there.
#pragma once

#include "engine/quant/quantizer.h"
#include "engine/quant/reconstruction.h"

namespace zerosweep {

// Weights g² with g = |∂KL/∂y| + damping for the phase that learns rounding. KL is that of the
// full-precision predictions from those of the student up to the unit, followed by the rest of the
// network in full precision; a mean over the images of one batch (authors' code, data_utils.py,
// `fisher_diag`; its damping is 1, the equation's 0).
class FisherWeights final : public UnitObjective {
 public:
  // Batches of `batch` images. `context` outlives this object.
  FisherWeights(const QuantizationContext& context, double damping, int64_t batch);

  void BeginUnit(const Phase& phase, const Unit& unit, const Student& student,
                 Caches& caches) override;

 private:
  // |∂KL/∂y| of a batch of outputs.
  torch::Tensor Gradient(const Graph& rest, const torch::Tensor& output,
                         const torch::Tensor& teacher_log) const;

  const QuantizationContext& context_;
  double damping_;
  int64_t batch_;
  Graph graph_;                // full precision, the student's nodes
  torch::Tensor teacher_log_;  // log-probabilities of all images
};

}  // namespace zerosweep
