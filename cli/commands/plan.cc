// plan SWEEP.yaml: what a sweep would compute, without computing it.
#include "base/text.h"
#include "cli/sweep_arguments.h"
#include "cli/table.h"
#include "sweeps/plan_summary.h"

namespace zerosweep {
namespace {

Json OrNull(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

Table CountsOf(const Plan& plan, const PlanSummary& summary) {
  Table table;
  table.columns = {"sweep",
                   "trials",
                   "stages",
                   "shared_stages",
                   "done_stages",
                   "to_compute",
                   "estimated_seconds",
                   "longest_chain_seconds"};
  table.rows.push_back({plan.sweep, summary.trials, summary.stages, summary.shared, summary.done,
                        summary.to_compute(), OrNull(summary.seconds),
                        OrNull(summary.longest_chain)});
  return table;
}

void PrintForPeople(const Plan& plan, const PlanSummary& summary, const Globals& globals) {
  fmt::print("{}: {} trials, {} stages ({} shared by several trials), {} done, {} to compute{}\n\n",
             plan.sweep, summary.trials, summary.stages, summary.shared, summary.done,
             summary.to_compute(),
             summary.seconds && summary.to_compute() > 0
                 ? fmt::format(" (about {} one after another; the longest chain takes {})",
                               HumanSeconds(*summary.seconds), HumanSeconds(*summary.longest_chain))
                 : "");
  Table table;
  table.columns = {"kind", "implementation", "stages", "shared", "done", "to_compute", "seconds"};
  for (const KindSummary& kind : summary.kinds) {
    table.rows.push_back({kind.kind, kind.implementation, kind.stages, kind.shared, kind.done,
                          kind.stages - kind.done, OrNull(kind.seconds)});
  }
  PrintTable(table, globals);
}

int RunPlan(const SweepArguments& arguments, const Globals& globals) {
  const Plan plan = ExpandArguments(arguments, globals);
  const PlanSummary summary = SummarisePlan(plan, globals.home());
  if (globals.format == "table") {
    PrintForPeople(plan, summary, globals);
  } else {
    PrintTable(CountsOf(plan, summary), globals);
  }
  return kExitOk;
}

const RegisterCommand kPlan{"plan", "Show what a sweep would compute",
                            [](CLI::App& app, const Globals& globals) -> CommandBody {
                              auto arguments = std::make_shared<SweepArguments>();
                              AddSweepArguments(app, *arguments);
                              return [arguments, &globals] { return RunPlan(*arguments, globals); };
                            }};

}  // namespace
}  // namespace zerosweep
