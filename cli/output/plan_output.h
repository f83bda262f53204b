// What a plan would compute, and what it would cost.
#pragma once

#include "cli/command.h"
#include "sweeps/plan/plan.h"

namespace zerosweep {

void PrintPlan(const Plan& plan, const Globals& globals);

}  // namespace zerosweep
