#include "sweeps/plan_summary.h"

#include <algorithm>
#include <unordered_map>

#include "storage/results.h"
#include "sweeps/cost_model.h"

namespace zerosweep {
namespace {

// What the home knows of a plan's stages.
struct History {
  std::vector<StageStatus> statuses;
  std::vector<CostSample> costs;
};

History ReadHistory(const Plan& plan, const Home& home) {
  History history;
  history.statuses.resize(plan.stages.size());
  std::error_code ignored;
  if (!std::filesystem::exists(home.database(), ignored)) return history;
  const ResultsReader reader(home);
  std::vector<std::string> names;
  for (const StageRow& stage : plan.stages) names.push_back(stage.spec.name);
  history.statuses = reader.Statuses(names);
  history.costs = reader.Costs();
  return history;
}

std::unordered_map<std::string, size_t> CountUsers(const Plan& plan) {
  std::unordered_map<std::string, size_t> users;
  for (const TrialRow& trial : plan.trials) {
    for (const auto& [kind, stage] : trial.stages) ++users[stage];
  }
  return users;
}

KindSummary& KindOf(const StageRow& stage, PlanSummary& summary) {
  const auto found =
      std::find_if(summary.kinds.begin(), summary.kinds.end(), [&](const KindSummary& kind) {
        return kind.kind == stage.spec.kind && kind.implementation == stage.implementation;
      });
  if (found != summary.kinds.end()) return *found;
  // Implementations of one kind stand together.
  const auto last =
      std::find_if(summary.kinds.rbegin(), summary.kinds.rend(),
                   [&](const KindSummary& kind) { return kind.kind == stage.spec.kind; });
  const auto place = last == summary.kinds.rend() ? summary.kinds.end() : last.base();
  return *summary.kinds.insert(place, KindSummary{stage.spec.kind, stage.implementation});
}

}  // namespace

PlanSummary SummarisePlan(const Plan& plan, const Home& home) {
  const History history = ReadHistory(plan, home);
  const auto users = CountUsers(plan);
  PlanSummary summary;
  summary.trials = plan.trials.size();
  summary.stages = plan.stages.size();
  const std::vector<CostEstimate> costs = EstimateCosts(plan, CostModel(history.costs));
  std::unordered_map<std::string, double> chain_to;  // by stage: until it is done, its own included
  double seconds = 0, longest_chain = 0;
  bool all_known = true;
  for (size_t i = 0; i < plan.stages.size(); ++i) {
    const StageRow& stage = plan.stages[i];
    KindSummary& kind = KindOf(stage, summary);
    ++kind.stages;
    const auto used = users.find(stage.spec.name);
    if (used != users.end() && used->second > 1) {
      ++kind.shared;
      ++summary.shared;
    }
    if (history.statuses[i].state == State::kDone) {
      ++kind.done;
      ++summary.done;
      continue;
    }
    double& chain = chain_to[stage.spec.name];
    for (const auto& [role, input] : stage.spec.inputs) chain = std::max(chain, chain_to[input]);
    chain += costs[i].seconds;
    longest_chain = std::max(longest_chain, chain);
    seconds += costs[i].seconds;
    all_known = all_known && costs[i].measured;
    if (costs[i].measured) kind.seconds = kind.seconds.value_or(0) + costs[i].seconds;
  }
  if (all_known) {
    summary.seconds = seconds;
    summary.longest_chain = longest_chain;
  }
  return summary;
}

}  // namespace zerosweep
