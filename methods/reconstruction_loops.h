// The parameters of each reconstruction method, and the loop that it runs with them under a
// protocol.
#pragma once

#include "engine/reconstruction/reconstruction_params.h"

namespace zerosweep {

Params<ReconstructionBase> AdaRoundParams();
ReconstructionSettings AdaRoundLoop(const QuantizationContext& context,
                                    const ReconstructionBase& settings);

struct AQuantSettings {
  ReconstructionBase base;
  BorderSettings borders;
};
Params<AQuantSettings> AQuantParams();
ReconstructionSettings AQuantLoop(const QuantizationContext& context,
                                  const AQuantSettings& settings);

struct BrecqSettings {
  ReconstructionBase base;
  Phase steps;          // the second phase: steps of activations
  bool fisher = false;  // weighs errors while rounding is learned
  double fisher_damping = 0;
};
Params<BrecqSettings> BrecqParams();
ReconstructionSettings BrecqLoop(const QuantizationContext& context, const BrecqSettings& settings);

// base.loop.act_init applies if the protocol leaves it open.
Params<ReconstructionBase> GenieMParams();
ReconstructionSettings GenieMLoop(const QuantizationContext& context,
                                  const ReconstructionBase& settings);

struct PdQuantSettings {
  ReconstructionBase base;
  double temperature = 0;
  double lamb_r = 0;  // divides the prediction difference; 0: omits it
};
Params<PdQuantSettings> PdQuantParams();
ReconstructionSettings PdQuantLoop(const QuantizationContext& context,
                                   const PdQuantSettings& settings);

Params<ReconstructionBase> QDropParams();
ReconstructionSettings QDropLoop(const QuantizationContext& context,
                                 const ReconstructionBase& settings);

}  // namespace zerosweep
