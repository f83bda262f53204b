// The parameters that methods of reconstruction share: their declarations and what they mean.
#pragma once

#include <vector>

#include "engine/catalogue/params.h"
#include "engine/quant/reconstruction.h"

namespace zerosweep {

// Where the methods differ in what they share.
struct ReconstructionDefaults {
  int64_t paper_iterations = 20000;
  double round_weight = 0.01;
  std::string stem = "post_act";
  std::string units = "blocks";
  int64_t act_init_images = 64;
  std::string source;  // of the defaults
};

// iterations, batch, lr, lr_rounding, round_weight, warmup, stem, act_init_images, units,
// max_unit_macs, and `more`.
std::vector<ParamSpec> ReconstructionParams(const ReconstructionDefaults& defaults,
                                            double lr_rounding, std::vector<ParamSpec> more = {});

// The learning rate of the steps of activations.
ParamSpec ActStepRateParam(double value, const std::string& source);
// The probability of QDrop's drop.
ParamSpec KeepParam(const std::string& source);

// Settings from complete parameters, with one phase that learns rounding at rates for 20000
// iterations; ranges of activations as the protocol says, or searched as `act_range` says where it
// leaves that open.
ReconstructionSettings SettingsFrom(const QuantizationContext& context,
                                    const RangeSearchSettings& weight_range,
                                    const RangeSearchSettings& act_range, ActInit act_init);

}  // namespace zerosweep
