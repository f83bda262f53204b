// AQuant: Efficient Activation Quantization via Adaptive Rounding Border for Post-Training
// Quantization (Li et al., arXiv:2208.11945). Activations are rounded at a learned border, a
// function of the activation itself, which is learned together with the rounding of weights, unit
// by unit. There is no public code and only the abstract could be verified; schedule and rates are
// QDrop's.
#include "engine/reconstruction/reconstruction_limits.h"
#include "methods/reconstruction_loops.h"

namespace zerosweep {
namespace {

constexpr const char* kSource = "QDrop's code; AQuant's own values are not published";
constexpr const char* kOwn = "our design: there is no public code";

Params<BorderSettings> BorderParams() {
  return {Bind(&BorderSettings::rows,
               {.name = "border",
                .default_value = "channel",
                .meaning = "whose activations share a border: channel; element: a row of a "
                           "convolution's im2col matrix (needs act_placement: op_input; slower by "
                           "the kernel's area)",
                .source = kOwn},
               {{"channel", BorderRows::kChannel}, {"element", BorderRows::kElement}}),
          Bind(&BorderSettings::closed_form,
               {.name = "border_init",
                .default_value = "closed_form",
                .meaning = "where borders begin: closed_form: the least-squares border for the "
                           "rounded weights; nearest: one half",
                .source = kOwn},
               {{"closed_form", true}, {"nearest", false}})};
}

}  // namespace

Params<AQuantSettings> AQuantParams() {
  return {Part(&AQuantSettings::base,
               {ReconstructionParams({.act_init_images = 256, .source = kSource}),
                Part(&ReconstructionBase::phase,
                     {DropParams(kSource),
                      Bind(&Phase::lr_border,
                           RateParam("lr_border", 1e-3, "learning rate of the borders, cosine to 0",
                                     kOwn))})}),
          Part(&AQuantSettings::borders, BorderParams())};
}

ReconstructionSettings AQuantLoop(const QuantizationContext& context,
                                  const AQuantSettings& settings) {
  ReconstructionSettings loop = LoopOf(context, settings.base);
  loop.borders = settings.borders;
  return loop;
}

namespace {

const RegisterQuantizer kAQuant{
    {.name = "aquant",
     .summary = "learned rounding borders of activations with learned rounding of weights, block "
                "by block (a design after the abstract: no code is public)",
     .paper = "AQuant (Li et al., arXiv 2208.11945; unverified beyond its abstract)",
     .revision = 2,
     .uses_seed = true,
     .limits = Concat(
         ReconstructionLimits(),
         {{{{"param.border", "is", "element"}, {"protocol.act_placement", "is_not", "op_input"}},
           "rounding borders by element need quantizers in front of operators: set "
           "the protocol field act_placement to op_input, or border: channel"}})},
    AQuantParams(),
    ReconstructWith<AQuantLoop, AQuantSettings>};

}  // namespace
}  // namespace zerosweep
