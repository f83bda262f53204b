// AdaRound: Up or Down? Adaptive Rounding for Post-Training Quantization (Nagel et al., ICML 2020,
// arXiv:2004.10568). The rounding of weights is learned layer by layer, on the quantized network's
// inputs, towards the full-precision output after the activation (eq. 25). Ranges of activations
// are searched afterwards, not learned.
#include "engine/reconstruction/reconstruction_limits.h"
#include "methods/reconstruction_loops.h"

namespace zerosweep {
namespace {

constexpr const char* kSource = "paper, section 5 (from memory); grids as in BRECQ's code";
constexpr int64_t kIterations = 10000;  // the paper's, for which its rate was chosen

}  // namespace

Params<ReconstructionBase> AdaRoundParams() {
  return ReconstructionParams({.paper_iterations = kIterations,
                               .units = "layers",
                               .act_init_images = 256,
                               .source = kSource});
}

ReconstructionSettings AdaRoundLoop(const QuantizationContext& context,
                                    const ReconstructionBase& settings) {
  ReconstructionSettings loop = LoopOf(context, settings, {}, {}, ActInit::kAtPhaseStart);
  Phase& rounding = loop.phases.front();
  rounding.name = "round";
  rounding.reference_iterations = kIterations;
  rounding.quantize_activations = false;
  loop.phases.push_back({.name = "ranges", .iterations = 0, .lr_rounding = 0});
  return loop;
}

namespace {

const RegisterQuantizer kAdaRound{{.name = "adaround",
                                   .summary = "learned rounding of weights, layer by layer",
                                   .paper = "AdaRound (Nagel et al., ICML 2020)",
                                   .revision = 3,
                                   .uses_seed = true,
                                   .limits = ReconstructionLimits()},
                                  AdaRoundParams(),
                                  ReconstructWith<AdaRoundLoop, ReconstructionBase>};

}  // namespace
}  // namespace zerosweep
