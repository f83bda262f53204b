// The execution signature: what else a result depends on besides its stage (never part of a name).
#pragma once

#include "base/json.h"

namespace zerosweep {

// CPU model and capability, GPU models, library versions, compiler, code revision. A fixed list of
// facts.
Json MachineSignature();

}  // namespace zerosweep
