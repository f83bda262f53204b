// What each method of reconstruction runs with, of its parameters and the protocol.
#pragma once

#include "engine/quant/reconstruction.h"

namespace zerosweep {

ReconstructionSettings AdaRoundSettings(const QuantizationContext& context);
ReconstructionSettings AQuantSettings(const QuantizationContext& context);
ReconstructionSettings BrecqSettings(const QuantizationContext& context);
ReconstructionSettings GenieMSettings(const QuantizationContext& context);
ReconstructionSettings PdQuantSettings(const QuantizationContext& context);
ReconstructionSettings QDropSettings(const QuantizationContext& context);

}  // namespace zerosweep
