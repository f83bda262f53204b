// The execution signature: what else a result depends on besides its stage (never part of a name).
#pragma once

#include "base/json.h"
#include "contract/stage_messages.h"

namespace zerosweep {

// CPU model and capability, GPU models, library versions, compiler, code revision. A fixed list of
// facts.
Json MachineSignature();

// What the state of a run depends on: of the machine only what it uses (the device's model, not its
// number), the threads and the catalogue. Equal signatures give equal bits on CPUs.
Json ExecutionSignature(const Json& machine, const StageRun& run);

}  // namespace zerosweep
