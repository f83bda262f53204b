// QDrop: Randomly Dropping Quantization for Extremely Low-bit Post-Training Quantization (Wei et
// al., ICLR 2022, arXiv:2203.05740): rounding and steps of activations are learned together, while
// every element of an activation is quantized only with probability 1/2. The protocol decides how
// activation ranges are set: in full precision (act_init: fp; released branch `qdrop`), or unit by
// unit after quantized units (branch `master`, the code of the paper's numbers).
#include "engine/reconstruction/reconstruction_limits.h"
#include "methods/reconstruction_loops.h"

namespace zerosweep {

Params<ReconstructionBase> QDropParams() {
  constexpr const char* kSource = "authors' code, exp/config and quant_layer.py";
  return {ReconstructionParams({.act_init_images = 256, .source = kSource}),
          Part(&ReconstructionBase::phase, DropParams(kSource))};
}

ReconstructionSettings QDropLoop(const QuantizationContext& context,
                                 const ReconstructionBase& settings) {
  return LoopOf(context, settings);
}

namespace {

const RegisterQuantizer kQDrop{
    {.name = "qdrop",
     .summary = "rounding and steps of activations learned block by block under random drop of "
                "quantization",
     .paper = "QDrop (Wei et al., ICLR 2022)",
     .revision = 2,
     .uses_seed = true,
     .limits = ReconstructionLimits()},
    QDropParams(),
    ReconstructWith<QDropLoop, ReconstructionBase>};

}  // namespace
}  // namespace zerosweep
