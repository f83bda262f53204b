// The execution signature: everything apart from the stage that a result depends on. It is never
// part of a name.
#pragma once

#include "base/json.h"
#include "contract/stage_messages.h"

namespace zerosweep {

// A fixed list of facts: CPU model and capability, GPU models, library versions, compiler, code
// revision.
Json MachineSignature();

// The facts that the state of a run depends on: the parts of the machine that it uses (the device's
// model, not its number), the number of threads and the catalogue. Equal signatures give equal bits
// on CPUs.
Json ExecutionSignature(const Json& machine, const StageRun& run);

}  // namespace zerosweep
