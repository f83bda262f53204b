// The stage program's check of weights and images before a sweep starts: `plan`, `submit`.
#pragma once

#include "cli/command.h"
#include "sweeps/plan/plan.h"

namespace zerosweep {

// Has zerosweep-stage read what the sweep's stages will read: keys, shapes and values of weights; a
// split's first and last image and its number of classes. Passed checks are remembered by content
// in <home>/cache/checks.json. Warns in one line about anything that a user should know, and when
// the stage program cannot run on this machine. Throws what the stage would throw, with the model's
// place in the sweep first.
void CheckInputs(const Plan& plan, const Globals& globals);

}  // namespace zerosweep
