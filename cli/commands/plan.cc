// plan SWEEP.yaml: shows what a sweep would compute, without computing it.
#include "cli/input_checks.h"
#include "cli/options/sweep_arguments.h"
#include "cli/output/plan_output.h"

namespace zerosweep {
namespace {

int RunPlan(const SweepArguments& arguments, const Globals& globals) {
  const Plan plan = ExpandArguments(arguments, globals);
  if (arguments.check) CheckInputs(plan, globals);
  PrintPlan(plan, globals);
  return kExitOk;
}

const RegisterCommand kPlan{"plan", "Show what a sweep would compute",
                            [](CLI::App& app, SweepArguments& arguments) {
                              AddSweepArguments(app, arguments);
                              AddCheckArgument(app, arguments);
                            },
                            RunPlan};

}  // namespace
}  // namespace zerosweep
