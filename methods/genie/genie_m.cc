// GENIE-M: the quantizer of GENIE: Show Me the Data for Quantization (Jeon, Lee and Kim, CVPR 2023,
// arXiv:2212.04780, section 3.3). The integers ⌊w/s₀⌋ are frozen, so that the steps of weights can
// be learned together with their rounding (soft_weight.h) and with the steps of activations, under
// QDrop's drop.
//
// The released code forms minibatches by reshaping a permutation to [32, N/32], which gives 32
// images only when N is 1024. Here a batch is `batch` images drawn with replacement, for any N.
#include "engine/reconstruction/reconstruction_limits.h"
#include "methods/reconstruction_loops.h"

namespace zerosweep {
namespace {

constexpr const char* kSource = "authors' code, main.py and reconstruct.py";

Params<ReconstructionSettings> ActInitUnitParam() {
  return Bind(
      &ReconstructionSettings::act_init,
      {.name = "act_init_unit",
       .default_value = "soft",
       .meaning = "the unit in which the ranges of its activations are searched: soft: as it is "
                  "while it learns, with soft weights under drop; nearest: with weights rounded "
                  "to nearest and every activation quantized; of no effect where the protocol "
                  "reads ranges in full precision (act_init: fp)",
       .source = "soft: authors' code, reconstruct.py, which sets train_mode before it caches"},
      {{"soft", ActInit::kSoftUnit}, {"nearest", ActInit::kPerUnit}});
}

Params<Phase> DropMasksParam() {
  return Bind(&Phase::mask_each_reader,
              {.name = "drop_masks",
               .default_value = "reader",
               .meaning = "what draws the drop of a tensor: each of its readers for itself (a "
                          "convolution and the shortcut over it), or all readers together: tensor",
               .source = "reader: authors' code, reconstruct.py and quantizer.py"},
              {{"reader", true}, {"tensor", false}});
}

}  // namespace

Params<ReconstructionBase> GenieMParams() {
  return {ReconstructionParams(
              {.round_weight = 1.0, .stem = "pre_bn", .act_init_images = 32, .source = kSource}),
          Part(&ReconstructionBase::phase,
               {Bind(&Phase::lr_weight_step,
                     RateParam("lr_weight_step", 1e-4,
                               "learning rate of the steps of weights, cosine to 0", kSource)),
                DropParams(kSource)}),
          Part(&ReconstructionBase::loop, ActInitUnitParam()),
          Part(&ReconstructionBase::phase, DropMasksParam())};
}

ReconstructionSettings GenieMLoop(const QuantizationContext& context,
                                  const ReconstructionBase& settings) {
  // Candidates 1.00, 0.99, … 0.01 (the code's grid).
  const RangeEstimatorSettings weights{.kind = RangeEstimator::kShrinkBoth, .candidates = 100};
  ReconstructionSettings loop = LoopOf(context, settings, weights, {}, settings.loop.act_init);
  loop.step_gradient = StepGradient::kClampThenRound;
  return loop;
}

namespace {

const RegisterQuantizer kGenieM{
    {.name = "genie_m",
     .summary = "rounding, steps of weights and steps of activations learned block by block",
     .paper = "GENIE (Jeon et al., CVPR 2023)",
     .revision = 3,
     .uses_seed = true,
     .limits = ReconstructionLimits()},
    GenieMParams(),
    ReconstructWith<GenieMLoop, ReconstructionBase>};

}  // namespace
}  // namespace zerosweep
