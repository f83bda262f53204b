// The parameters that methods of reconstruction share.
#pragma once

#include <string>

#include "engine/catalogue/params.h"
#include "engine/reconstruction/reconstruction.h"

namespace zerosweep {

// The settings that they fill. A learning rate of `phase` without a declared parameter stays 0, so
// that its variables are fixed; keep_quantized without a parameter stays 1: nothing is dropped.
struct ReconstructionBase {
  ReconstructionSettings loop;  // without phases
  Phase phase;                  // the one that learns rounding
};

// The defaults in which the methods differ.
struct ReconstructionDefaults {
  int64_t paper_iterations = 20000;
  double lr_rounding = 1e-3;
  double round_weight = 0.01;
  std::string stem = "post_act";
  std::string units = "blocks";
  int64_t act_init_images = 64;
  std::string source;  // of the defaults
};

// Declares iterations, batch, lr, lr_rounding, round_weight, warmup, stem, act_init_images, units,
// max_unit_macs.
Params<ReconstructionBase> ReconstructionParams(const ReconstructionDefaults& defaults);

// Declares lr_act_step, the learning rate of the steps of activations.
Params<Phase> ActStepRateParam(double value, const std::string& source);
// Declares what QDrop adds to a reconstruction: lr_act_step, and keep_quantized, the probability of
// its drop.
Params<Phase> DropParams(const std::string& source);

// Returns the loop with its single phase. The protocol may fix the estimation of activation ranges;
// otherwise `act_range` does. The default estimator is the one of QDrop and PD-Quant.
ReconstructionSettings LoopOf(
    const QuantizationContext& context, const ReconstructionBase& base,
    const RangeEstimatorSettings& weight_range = {.kind = RangeEstimator::kWidthAndZero},
    const RangeEstimatorSettings& act_range = {.kind = RangeEstimator::kWidthAndZero},
    ActInit act_init = ActInit::kPerUnit);

// A quantizer that only runs its loop.
template <auto kLoop, typename Settings>
Quantization ReconstructWith(const QuantizationContext& context, const Settings& settings) {
  return Reconstruct(context, kLoop(context, settings));
}

}  // namespace zerosweep
