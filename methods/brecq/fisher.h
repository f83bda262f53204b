// The Fisher-weighted error of BRECQ (Li et al., ICLR 2021, eq. 10): squared errors of a unit's
// output, each times the square of the gradient of the network's loss at that element.
#pragma once

#include "engine/reconstruction/prediction_divergence.h"
#include "engine/reconstruction/reconstruction.h"

namespace zerosweep {

// Weights g² with g = |∂KL/∂y| + damping, for the phase that learns rounding. y: the soft unit's
// output on the student's path. KL: prediction_divergence.h, a mean over the images of one batch
// (authors' code, data_utils.py, `fisher_diag`; its damping is 1, the equation's 0).
class FisherWeights final : public UnitObjective {
 public:
  // Gradients are taken on batches of `batch` images.
  FisherWeights(const QuantizationContext& context, double damping, int64_t batch)
      : divergence_(context, /*temperature=*/1, batch), damping_(damping), batch_(batch) {}

  void BeginUnit(const Phase& phase, const Unit& unit, const Student& student,
                 UnitCaches& caches) override;

 private:
  PredictionDivergence divergence_;
  double damping_;
  int64_t batch_;
};

}  // namespace zerosweep
