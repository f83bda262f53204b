// The training of one unit in one phase of a reconstruction (reconstruction.h defines the loss).
#pragma once

#include <torch/types.h>

#include <optional>
#include <string>
#include <vector>

#include "engine/loop/checkpoint.h"
#include "engine/loop/curve.h"
#include "engine/optim/optimiser.h"
#include "engine/reconstruction/reconstruction_settings.h"
#include "engine/reconstruction/soft_unit.h"
#include "engine/reconstruction/unit_draws.h"
#include "engine/reconstruction/unit_objective.h"

namespace zerosweep {

class UnitTraining {
 public:
  // `soft` was made with SoftSettings. All arguments must outlive this object; `objective` may be
  // null.
  UnitTraining(const ReconstructionSettings& settings, const Phase& phase, const Unit& unit,
               const UnitDraws& draws, const SoftUnit& soft, UnitObjective* objective,
               UnitCaches caches);

  // Runs step `step` of the phase's iterations.
  void Step(int64_t step);

  // Adds the losses of the steps since the last call to `curves`. A GPU's queue runs empty here, so
  // not every step should be followed by it. Returns the loss of the last step's output. Throws
  // Failure::kNonFinite.
  double ReadLosses(Curves& curves);

  void Save(CheckpointState& state) const;
  void Restore(const CheckpointState& state);

 private:
  torch::Tensor Input(int64_t step, const torch::Tensor& indices) const;
  UnitObjective::Student DroppedStudent(int64_t step, const SoftUnit::Weights& weights) const;
  std::optional<double> Exponent(int64_t step) const;
  void Record(int64_t step, const std::string& term, const torch::Tensor& value);

  // A loss that may not be computed yet.
  struct Loss {
    int64_t step;
    std::string term;
    torch::Tensor value;
  };

  const ReconstructionSettings& settings_;
  const Phase& phase_;
  const Unit& unit_;
  const UnitDraws& draws_;
  const SoftUnit& soft_;
  UnitObjective* objective_;
  UnitCaches caches_;
  std::optional<Optimiser> rounding_, steps_;
  std::vector<double> step_rates_;  // by group of steps_, at step 0
  std::vector<Loss> unread_;
  double output_loss_ = 0;  // the last that was read
};

// The settings of a unit that learns in this phase.
SoftUnitSettings SoftSettings(const ReconstructionSettings& settings, const Phase& phase);

}  // namespace zerosweep
