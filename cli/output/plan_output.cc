#include "cli/output/plan_output.h"

#include "base/text.h"
#include "cli/output/table.h"
#include "sweeps/plan/plan_summary.h"

namespace zerosweep {
namespace {

constexpr const char* kEstimateNote =
    "measured: this home has run the implementation on the network; scaled: on other networks, by "
    "their multiply-adds; rough: never, a rule of thumb for one core";

Json BasisOf(const Price& price) { return price.basis ? Json(ToString(*price.basis)) : Json(); }

Json KindsOf(const PlanSummary& summary) {
  Json kinds = Json::array();
  for (const KindSummary& kind : summary.kinds) {
    kinds.push_back({{"kind", kind.kind},
                     {"implementation", kind.implementation},
                     {"stages", kind.stages},
                     {"shared_stages", kind.shared},
                     {"done_stages", kind.done},
                     {"estimated_seconds", kind.price.Rounded(kind.price.seconds)},
                     {"estimate_basis", BasisOf(kind.price)}});
  }
  return kinds;
}

Table CountsOf(const Plan& plan, const PlanSummary& summary) {
  const Price& price = summary.price;
  return {.columns = {"sweep", "trials", "stages", "shared_stages", "done_stages", "to_compute",
                      "estimated_seconds", "longest_chain_seconds", "estimate_basis", "kinds"},
          .rows = {{plan.sweep, summary.trials, summary.stages, summary.shared, summary.done,
                    summary.to_compute(), price.Rounded(price.seconds),
                    price.Rounded(summary.longest_chain), BasisOf(price), KindsOf(summary)}}};
}

// " (about 2 h 10 min one after another, the longest chain 8 min 20 s; rough)"
std::string PriceForPeople(const PlanSummary& summary) {
  const Price& price = summary.price;
  if (!price.basis) return "";
  return fmt::format(" (about {} one after another, the longest chain {}; {})",
                     HumanSeconds(price.Rounded(price.seconds)),
                     HumanSeconds(price.Rounded(summary.longest_chain)), ToString(*price.basis));
}

void PrintPlanForPeople(const Plan& plan, const PlanSummary& summary, const Globals& globals) {
  fmt::print("{}: {} trials, {} stages ({} shared by several trials), {} done, {} to compute{}\n\n",
             plan.sweep, summary.trials, summary.stages, summary.shared, summary.done,
             summary.to_compute(), PriceForPeople(summary));
  Table table{.columns = {"kind", "implementation", "stages", "shared", "done", "to_compute",
                          "time", "estimate"}};
  for (const KindSummary& kind : summary.kinds) {
    const Price& price = kind.price;
    table.rows.push_back({kind.kind, kind.implementation, kind.stages, kind.shared, kind.done,
                          kind.stages - kind.done,
                          price.basis ? Json(HumanSeconds(price.Rounded(price.seconds))) : Json(),
                          BasisOf(price)});
  }
  PrintTable(table, globals);
  if (summary.price.basis > CostBasis::kMeasured) fmt::print("\n{}\n", kEstimateNote);
}

}  // namespace

void PrintPlan(const Plan& plan, const Globals& globals) {
  const PlanSummary summary = SummarisePlan(plan, globals.home());
  if (globals.format == "table") {
    PrintPlanForPeople(plan, summary, globals);
  } else {
    PrintTable(CountsOf(plan, summary), globals);
  }
}

}  // namespace zerosweep
