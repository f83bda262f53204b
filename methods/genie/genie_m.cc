// GENIE-M: the quantizer of GENIE: Show Me the Data for Quantization (Jeon, Lee and Kim, CVPR 2023,
// arXiv:2212.04780, section 3.3). The integers ⌊w/s₀⌋ are frozen, so that the steps of weights can
// be learned beside their rounding (soft_weight.h), together with the steps of activations, under
// QDrop's drop.
//
// The released code forms minibatches as a permutation reshaped to [32, N/32]: 32 images only when
// N is 1024. Here a batch is `batch` images drawn with replacement, whatever N.
#include "engine/quant/reconstruction_limits.h"
#include "engine/quant/reconstruction_params.h"
#include "methods/reconstruction_settings.h"

namespace zerosweep {

ReconstructionSettings GenieMSettings(const QuantizationContext& context) {
  // Candidates 1.00, 0.99, … 0.01 (the code's grid).
  const RangeSearchSettings weights{.kind = RangeSearch::kShrinkBoth, .candidates = 100};
  const bool soft = context.params.at("act_init_unit") == "soft";
  ReconstructionSettings settings =
      SettingsFrom(context, weights, {}, soft ? ActInit::kSoftUnit : ActInit::kPerUnit);
  settings.step_gradient = StepGradient::kClampThenRound;
  settings.phases.front().mask_each_reader = context.params.at("drop_masks") == "reader";
  return settings;
}

namespace {

constexpr const char* kSource = "authors' code, main.py and reconstruct.py";

Quantization Quantize(const QuantizationContext& context) {
  return Reconstruct(context, GenieMSettings(context));
}

ParamSpec ActInitUnitParam() {
  return {.name = "act_init_unit",
          .type = ParamType::kChoice,
          .default_value = "soft",
          .meaning =
              "the unit in which the ranges of its activations are searched: soft: as it is "
              "while it learns, with soft weights under drop; nearest: with weights rounded "
              "to nearest and every activation quantized; of no effect where the protocol reads "
              "ranges in full precision (act_init: fp)",
          .source = "soft: authors' code, reconstruct.py, which sets train_mode before it caches",
          .choices = {"soft", "nearest"}};
}

ParamSpec DropMasksParam() {
  return {.name = "drop_masks",
          .type = ParamType::kChoice,
          .default_value = "reader",
          .meaning =
              "what draws the drop of a tensor: each of its readers for itself (a convolution "
              "and the shortcut over it), or all readers together: tensor",
          .source = "reader: authors' code, reconstruct.py and quantizer.py",
          .choices = {"reader", "tensor"}};
}

const RegisterQuantizer kGenieM{
    {.name = "genie_m",
     .summary = "rounding, steps of weights and steps of activations learned block by block",
     .paper = "GENIE (Jeon et al., CVPR 2023)",
     .revision = 2,
     .uses_seed = true,
     .params = ReconstructionParams(
         {.round_weight = 1.0, .stem = "pre_bn", .act_init_images = 32, .source = kSource}, 1e-3,
         {RateParam("lr_weight_step", 1e-4, "learning rate of the steps of weights, cosine to 0",
                    kSource),
          ActStepRateParam(4e-5, kSource), KeepParam(kSource), ActInitUnitParam(),
          DropMasksParam()}),
     .limits = ReconstructionLimits()},
    Quantize};

}  // namespace
}  // namespace zerosweep
