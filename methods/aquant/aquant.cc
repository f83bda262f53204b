// AQuant: Efficient Activation Quantization via Adaptive Rounding Border for Post-Training
// Quantization (Li et al., arXiv:2208.11945): activations are rounded at a border that is learned,
// a function of the activation itself, together with the rounding of weights, unit by unit. There
// is no public code and only the abstract could be verified; schedule and rates are QDrop's.
#include "engine/quant/reconstruction_limits.h"
#include "engine/quant/reconstruction_params.h"
#include "methods/reconstruction_settings.h"

namespace zerosweep {

ReconstructionSettings AQuantSettings(const QuantizationContext& context) {
  const RangeSearchSettings search{.kind = RangeSearch::kWidthAndZero};
  ReconstructionSettings settings = SettingsFrom(context, search, search, ActInit::kPerUnit);
  settings.phases.front().lr_border = context.params.at("lr_border");
  settings.borders = {.rows = context.params.at("border") == "element" ? BorderRows::kElement
                                                                       : BorderRows::kChannel,
                      .closed_form = context.params.at("border_init") == "closed_form"};
  return settings;
}

namespace {

constexpr const char* kSource = "QDrop's code; AQuant's own values are not published";
constexpr const char* kOwn = "our design: there is no public code";

Quantization Quantize(const QuantizationContext& context) {
  return Reconstruct(context, AQuantSettings(context));
}

const RegisterQuantizer kAQuant{
    {.name = "aquant",
     .summary = "learned rounding borders of activations with learned rounding of weights, block "
                "by block (a design after the abstract: no code is public)",
     .paper = "AQuant (Li et al., arXiv 2208.11945; unverified beyond its abstract)",
     .revision = 2,
     .uses_seed = true,
     .params = ReconstructionParams(
         {.act_init_images = 256, .source = kSource}, 1e-3,
         {ActStepRateParam(4e-5, kSource),
          RateParam("lr_border", 1e-3, "learning rate of the borders, cosine to 0", kOwn),
          {.name = "border",
           .type = ParamType::kChoice,
           .default_value = "channel",
           .meaning = "whose activations share a border: channel; element: a row of a "
                      "convolution's im2col matrix (needs act_placement: op_input; slower by the "
                      "kernel's area)",
           .source = kOwn,
           .choices = {"channel", "element"}},
          {.name = "border_init",
           .type = ParamType::kChoice,
           .default_value = "closed_form",
           .meaning = "where borders begin: closed_form: the least-squares border for the rounded "
                      "weights; nearest: one half",
           .source = kOwn,
           .choices = {"closed_form", "nearest"}},
          KeepParam(kSource)}),
     .limits = Joined(
         ReconstructionLimits(),
         {{{{"param.border", "is", "element"}, {"protocol.act_placement", "is_not", "op_input"}},
           "rounding borders by element need quantizers in front of operators: set "
           "the protocol field act_placement to op_input, or border: channel"}})},
    Quantize};

}  // namespace
}  // namespace zerosweep
