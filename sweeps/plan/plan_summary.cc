#include "sweeps/plan/plan_summary.h"

#include <algorithm>
#include <vector>

#include "base/files.h"
#include "storage/results/results.h"

namespace zerosweep {
namespace {

// What the home knows about a plan's stages.
struct History {
  std::vector<StageStatus> statuses;
  std::vector<CostSample> costs;
};

History ReadHistory(const Plan& plan, const Home& home) {
  History history;
  history.statuses.resize(plan.stages.size());
  if (!IsFile(home.database())) return history;
  const ResultsReader reader(home);
  std::vector<std::string> names;
  for (const StageRow& stage : plan.stages) names.push_back(stage.name);
  history.statuses = reader.Statuses(names);
  history.costs = reader.Costs();
  return history;
}

// For each stage, the number of trials that need it.
std::vector<size_t> CountUsers(const Plan& plan) {
  std::vector<size_t> users(plan.stages.size(), 0);
  for (const TrialRow& trial : plan.trials)
    for (const size_t stage : trial.stages) ++users[stage];
  return users;
}

KindSummary& KindOf(const StageDesign& stage, PlanSummary& summary) {
  const auto found = std::ranges::find_if(summary.kinds, [&](const KindSummary& kind) {
    return kind.kind == stage.kind && kind.implementation == stage.implementation;
  });
  if (found != summary.kinds.end()) return *found;
  // Keeps the implementations of one kind together.
  const auto last = std::find_if(summary.kinds.rbegin(), summary.kinds.rend(),
                                 [&](const KindSummary& kind) { return kind.kind == stage.kind; });
  const auto place = last == summary.kinds.rend() ? summary.kinds.end() : last.base();
  return *summary.kinds.insert(place, KindSummary{stage.kind, stage.implementation});
}

}  // namespace

void Price::Add(const CostEstimate& cost) {
  seconds += cost.seconds;
  basis = std::max(basis.value_or(cost.basis), cost.basis);
}

double Price::Rounded(double value) const {
  const int digits = basis == CostBasis::kMeasured ? 3 : 2;
  return std::stod(fmt::format("{:.{}g}", value, digits));
}

PlanSummary SummarisePlan(const Plan& plan, const Home& home) {
  const History history = ReadHistory(plan, home);
  const std::vector<size_t> users = CountUsers(plan);
  PlanSummary summary;
  summary.trials = plan.trials.size();
  summary.stages = plan.stages.size();
  const auto costs = EstimateCosts(plan, CostModel(history.costs, plan.work));
  std::vector<double> chain_to(plan.stages.size(),
                               0);  // seconds until the stage is done, its own included
  for (size_t i = 0; i < plan.stages.size(); ++i) {
    const StageRow& stage = plan.stages[i];
    KindSummary& kind = KindOf(*stage.design, summary);
    ++kind.stages;
    if (users[i] > 1) {
      ++kind.shared;
      ++summary.shared;
    }
    if (history.statuses[i].state == State::kDone) {
      ++kind.done;
      ++summary.done;
      continue;
    }
    double& chain = chain_to[i];
    for (const size_t input : stage.inputs) chain = std::max(chain, chain_to[input]);
    chain += costs[i].seconds;
    summary.longest_chain = std::max(summary.longest_chain, chain);
    summary.price.Add(costs[i]);
    kind.price.Add(costs[i]);
  }
  return summary;
}

}  // namespace zerosweep
