// What a file of a network holds: `zerosweep-stage --inspect`.
#pragma once

#include "base/json.h"

namespace zerosweep {

// request: {"file", "input_shape": [C, H, W] or absent, "probe": folder or absent,
// "float64": whether the probe is computed so}. Returns what docs/stage_protocol.md says.
// Throws kUsage as ReadNetworkFile does, and for a network without anything to quantize.
Json InspectNetwork(const Json& request);

}  // namespace zerosweep
