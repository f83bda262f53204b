// Images whose pixels are optimised directly (ZeroQ, DSG, IntraQ).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/optim/plateau_params.h"
#include "engine/synthesis/batchwise.h"

namespace zerosweep {

// Settings of the loop of such a method.
struct PixelSettings {
  BatchSettings batches;
  double lr = 0;
  PlateauSchedule::Settings plateau;
};

// Its parameters: images, batch, iterations, lr, plateau_patience, plateau_factor, min_lr.
// `sources` name the origins of their default values, which are ZeroQ's unless `defaults` says
// otherwise.
struct PixelSources {
  std::string images, iterations, lr, plateau;
};
struct PixelDefaults {
  ProfileDefaults images = {64, 256, 8};
  ProfileDefaults batch = {64, 128, 8};
  ProfileDefaults iterations = {500, 500, 3};
  int64_t patience = 100;
};
Params<PixelSettings> PixelParams(const PixelSources& sources, const PixelDefaults& defaults = {});

// Adam on the pixels, with a rate that falls when the loss stops falling.
class PixelOptimisation : public BatchOptimisation {
 public:
  // `initial` is used without a copy, in its layout.
  PixelOptimisation(const SynthesisContext& context, const PixelSettings& settings,
                    const torch::Tensor& initial);

  std::map<std::string, double> Step(int64_t iteration) final;
  torch::Tensor Images() const final { return images_.detach(); }
  void Save(CheckpointState& state) const final;
  void Restore(const CheckpointState& state) final;

 protected:
  // Returns the terms of the loss, which is their sum.
  virtual std::map<std::string, torch::Tensor> Terms(const torch::Tensor& x,
                                                     int64_t iteration) const = 0;

 private:
  torch::Tensor images_;
  Optimiser adam_;
  PlateauSchedule plateau_;
};

}  // namespace zerosweep
