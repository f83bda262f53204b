// Reconstruction unit by unit: one loop for AdaRound, BRECQ, QDrop, GENIE-M, PD-Quant and AQuant.
//
// For each unit, in order, the student's unit learns to give the teacher's output on the student's
// own input:
//
//   L = mean over images and pixels of Σ_channels |y − t|^p  +  λ Σ_weights (1 − |2h(V) − 1|^b)
//
// The loss is a sum over channels (all released codes): with a mean, λ would weigh C times more.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/quant/learned_activation.h"
#include "engine/quant/quantizer.h"
#include "engine/quant/range_search.h"
#include "engine/quant/rounding_border.h"
#include "engine/quant/units.h"

namespace zerosweep {

enum class Stem {
  kSkip,    // nearest rounding (BRECQ, QDrop, PD-Quant)
  kPreBn,   // its target is the convolution's own output (GENIE's code)
  kPostAct  // like any other unit
};

enum class ActInit {
  kFullPrecision,  // one pass of the full-precision network, before anything else (QDrop)
  kAtPhaseStart,   // one pass of the network as it is then, each site behind quantized ones (BRECQ)
  kPerUnit         // the same, just before the unit that the site belongs to (GENIE, PD-Quant)
};

// One walk over all units.
struct Phase {
  std::string name = "reconstruct";  // in progress and curves
  int64_t iterations = 20000;        // a unit; 0: nothing is learned, ranges alone are set
  double lr_rounding = 1e-3;         // Adam on V; 0: rounding is not learned
  double lr_weight_step = 0;         // Adam on the steps of weights, cosine to 0; 0: fixed
  double lr_act_step = 0;            // Adam on the steps of activations, cosine to 0; 0: fixed
  double lr_border = 0;              // Adam on the rounding borders, cosine to 0; 0: fixed
  bool quantize_activations = true;
  bool fp_inputs = false;  // unit inputs from the full-precision network
  double p = 2;
  double keep_quantized = 1;  // probability, of every element, of the unit's input and of every
                              // activation quantizer (QDrop's drop); 1: always
};

// AQuant's rounding borders of activations (rounding_border.h).
struct BorderSettings {
  BorderRows rows = BorderRows::kChannel;  // kElement needs quantizers in front of operators
  bool closed_form = true;                 // where learning begins; false: at one half
};

struct ReconstructionSettings {
  std::string units = "blocks";  // see FindUnits
  int64_t most_unit_macs = 0;
  Stem stem = Stem::kSkip;
  std::vector<Phase> phases;
  int64_t batch = 32;          // images a step, drawn with replacement
  double round_weight = 0.01;  // λ
  double warmup = 0.2;         // share of the iterations without the rounding loss
  double b_start = 20, b_end = 2;
  bool scaled_rates = false;  // see ScaledRates
  RangeSearchSettings weight_range, act_range;
  ActInit act_init = ActInit::kPerUnit;
  int64_t act_init_images = 64;
  StepGradient step_gradient = StepGradient::kRoundThenClamp;
  std::optional<BorderSettings> borders;  // none: activations are rounded to nearest
};

// b of the rounding loss at step t of T: b_start up to warmup·T, then linear to b_end at T.
double RoundingExponent(const ReconstructionSettings& settings, int64_t t, int64_t total);

// Learning rates bound how far a parameter can move. With fewer than the 20000 iterations they were
// chosen for: lr_V = min(1e-2, lr_V·20000/T), rates of steps · √(20000/T); that of
// borders, 1e-3, takes them from one half to an end of their range in 1000 iterations as it is.
Phase ScaledRates(Phase phase);

// What a method adds to the loss of a unit. Tensors are those of one step's batch.
class UnitObjective {
 public:
  virtual ~UnitObjective() = default;
  // Before a unit: its images' cached inputs may be replaced (PD-Quant's correction); `unit` is one
  // of the network's units.
  struct Caches {
    torch::Tensor x_q;   // input on the student's path
    torch::Tensor x_fp;  // input in full precision
    torch::Tensor y;     // target
  };
  virtual void BeginUnit(const Unit& unit, Caches& caches) = 0;
  // Added to the loss. `student(x)` runs the soft unit; `indices` are the batch's images.
  virtual torch::Tensor ExtraLoss(
      const Caches& caches, const torch::Tensor& indices,
      const std::function<torch::Tensor(const torch::Tensor& x)>& student) = 0;
};

// Quantizes the context's teacher. `objective` may be null.
Quantization Reconstruct(const QuantizationContext& context, ReconstructionSettings settings,
                         UnitObjective* objective = nullptr);

}  // namespace zerosweep
