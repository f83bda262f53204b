// Images whose pixels are optimised directly (ZeroQ, DSG).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/catalogue/params.h"
#include "engine/optim/optimiser.h"
#include "engine/synthesis/batchwise.h"

namespace zerosweep {

// The parameters of such a method under ZeroQ's values: images, batch, iterations, lr,
// plateau_patience, plateau_factor, min_lr. `sources` are where they come from.
struct PixelSources {
  std::string images, iterations, lr, plateau;
};
std::vector<ParamSpec> PixelParams(const PixelSources& sources);

// Adam on the pixels with rate "lr", which falls when the loss no longer does (PlateauSchedule with
// "plateau_factor", "plateau_patience", "min_lr").
class PixelOptimisation : public BatchOptimisation {
 public:
  // `initial` is taken over as it is, layout included. `context` outlives this object.
  PixelOptimisation(const SynthesisContext& context, const torch::Tensor& initial);

  std::map<std::string, double> Step(int64_t iteration) final;
  torch::Tensor Images() const final { return images_.detach(); }
  void Save(CheckpointState& state) const final;
  void Restore(const CheckpointState& state) final;

 protected:
  // The terms of the loss, which is their sum.
  virtual std::map<std::string, torch::Tensor> Terms(const torch::Tensor& x,
                                                     int64_t iteration) const = 0;

 private:
  torch::Tensor images_;
  Optimiser adam_;
  PlateauSchedule plateau_;
};

}  // namespace zerosweep
