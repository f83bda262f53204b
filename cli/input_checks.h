// Weights and images looked at by the stage program before a sweep is started: `plan`, `submit`.
#pragma once

#include "cli/command.h"
#include "sweeps/plan/plan.h"

namespace zerosweep {

// Lets zerosweep-stage read what the sweep's stages will: of weights keys, shapes and values, of a
// split its first and last image and the number of its classes. What passed is remembered in
// <home>/cache/checks.json by content. Warns, in a line, of what a person should know, and when the
// stage program cannot run on this machine. Throws what the stage would, starting with the model's
// place in the sweep.
void CheckInputs(const Plan& plan, const Globals& globals);

}  // namespace zerosweep
