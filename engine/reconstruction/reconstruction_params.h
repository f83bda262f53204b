// The parameters that methods of reconstruction share.
#pragma once

#include <string>

#include "engine/catalogue/params.h"
#include "engine/reconstruction/reconstruction.h"

namespace zerosweep {

// What they set. A rate of `phase` that a method declares no parameter for stays 0, which fixes
// what it would learn; its keep_quantized stays 1: nothing is dropped.
struct ReconstructionBase {
  ReconstructionSettings loop;  // without phases
  Phase phase;                  // the one that learns rounding
};

// Where the methods differ in what they share.
struct ReconstructionDefaults {
  int64_t paper_iterations = 20000;
  double lr_rounding = 1e-3;
  double round_weight = 0.01;
  std::string stem = "post_act";
  std::string units = "blocks";
  int64_t act_init_images = 64;
  std::string source;  // of the defaults
};

// iterations, batch, lr, lr_rounding, round_weight, warmup, stem, act_init_images, units,
// max_unit_macs.
Params<ReconstructionBase> ReconstructionParams(const ReconstructionDefaults& defaults);

// lr_act_step: the learning rate of the steps of activations.
Params<Phase> ActStepRateParam(double value, const std::string& source);
// lr_act_step and keep_quantized, the probability of its drop: what QDrop adds to a reconstruction.
Params<Phase> DropParams(const std::string& source);

// The loop with its one phase; ranges of activations as the protocol says, or searched as
// `act_range` says where it leaves that open. The search is QDrop's and PD-Quant's unless another
// is given.
ReconstructionSettings LoopOf(
    const QuantizationContext& context, const ReconstructionBase& base,
    const RangeEstimatorSettings& weight_range = {.kind = RangeEstimator::kWidthAndZero},
    const RangeEstimatorSettings& act_range = {.kind = RangeEstimator::kWidthAndZero},
    ActInit act_init = ActInit::kPerUnit);

// A quantizer that is its loop alone.
template <auto kLoop, typename Settings>
Quantization ReconstructWith(const QuantizationContext& context, const Settings& settings) {
  return Reconstruct(context, kLoop(context, settings));
}

}  // namespace zerosweep
