// Settings of a reconstruction (reconstruction.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/kernels/learned_quantizer.h"
#include "engine/quant/range_estimation.h"
#include "engine/reconstruction/unit_borders.h"

namespace zerosweep {

enum class Stem {
  kSkip,    // nearest rounding (BRECQ alone: ignore_reconstruction in its quant_model.py)
  kPreBn,   // trained towards the convolution's own output (GENIE's code)
  kPostAct  // like any other unit (QDrop, both branches; PD-Quant)
};

enum class ActInit {
  kFullPrecision,  // one pass of the full-precision network, at the very start (QDrop)
  kAtPhaseStart,   // one pass of the current network, each site after quantized ones (BRECQ)
  kPerUnit,        // the same, just before the unit that the site belongs to (PD-Quant; QDrop's
                   // branch master)
  kSoftUnit        // the same, with the unit in its learning state: soft weights, and drop at its
                   // sites (GENIE's reconstruct.py, which sets train_mode before it caches)
};

// One pass over all units.
struct Phase {
  std::string name = "reconstruct";      // in progress and curves
  int64_t iterations = 20000;            // per unit; 0: nothing is learned, only ranges are set
  int64_t reference_iterations = 20000;  // those of the paper, for which its rates were chosen
  double lr_rounding = 1e-3;             // Adam on V; 0: rounding is not learned
  double lr_weight_step = 0;             // Adam on the steps of weights, cosine to 0; 0: fixed
  double weight_step_raise = 1;          // factor of that rate, see WeightStepRate
  double lr_act_step = 0;                // Adam on the steps of activations, cosine to 0; 0: fixed
  double lr_border = 0;                  // Adam on the rounding borders, cosine to 0; 0: fixed
  bool quantize_activations = true;
  bool fp_inputs = false;  // unit inputs from the full-precision network
  double p = 2;
  double keep_quantized = 1;      // probability that an element of the unit's input or of an
                                  // activation site is quantized (QDrop's drop); 1: always
  bool mask_each_reader = false;  // every reader of a tensor draws its own mask
};

struct ReconstructionSettings {
  std::string units = "blocks";  // see FindUnits
  int64_t max_unit_macs = 0;
  Stem stem = Stem::kSkip;
  std::vector<Phase> phases;
  int64_t batch = 32;          // images per step, drawn with replacement
  double round_weight = 0.01;  // λ
  double warmup = 0.2;         // share of the iterations without the rounding loss
  double b_start = 20, b_end = 2;
  bool scaled_rates = false;  // see ScaledRates
  RangeEstimatorSettings weight_range, act_range;
  ActInit act_init = ActInit::kPerUnit;
  int64_t act_init_images = 64;
  StepGradient step_gradient = StepGradient::kRoundThenClamp;
  std::optional<BorderSettings> borders;  // without: activations are rounded to nearest
};

// b of the rounding loss at step t of T: b_start up to warmup·T, then linear to b_end at T.
double RoundingExponent(const ReconstructionSettings& settings, int64_t t, int64_t total);

// Scales learning rates when a unit has fewer iterations than the paper, since a rate bounds how
// far a parameter can move. For f = reference_iterations / iterations > 1, lr_V is multiplied by
// min(f, 10), the rate of steps of activations by √f, and that of steps of weights by up to √f
// (weight_step_raise). The rate of borders stays: at 1e-3 it takes them from
// one half to an end of their range in 1000 iterations.
Phase ScaledRates(Phase phase);

// The learning rate of a tensor of weight steps: lr_weight_step · weight_step_raise, but at most 2 %
// of the median step, and at least lr_weight_step.
double WeightStepRate(const Phase& phase, const torch::Tensor& steps);

}  // namespace zerosweep
