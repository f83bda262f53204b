// A method's additions to the training of a unit.
#pragma once

#include <torch/types.h>

#include <functional>

#include "engine/graph/units.h"
#include "engine/reconstruction/reconstruction_settings.h"
#include "engine/reconstruction/unit_caches.h"

namespace zerosweep {

class UnitObjective {
 public:
  virtual ~UnitObjective() = default;
  // Runs the soft unit on an input.
  using Student = std::function<torch::Tensor(const torch::Tensor& x)>;

  // Called before a unit is trained. May replace cached data (PD-Quant's correction, BRECQ's
  // weights). `unit` is one of the network's units.
  virtual void BeginUnit(const Phase& phase, const Unit& unit, const Student& student,
                         UnitCaches& caches) = 0;
  // Returns a term to add to the loss, or undefined. `indices` are the batch's images.
  virtual torch::Tensor ExtraLoss(const UnitCaches& /*caches*/, const torch::Tensor& /*indices*/,
                                  const Student& /*student*/) {
    return {};
  }
};

}  // namespace zerosweep
