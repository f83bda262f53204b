#include "sweeps/plan_summary.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "storage/results.h"

namespace zerosweep {
namespace {

using Implementation = std::pair<std::string, std::string>;  // kind, implementation

// What the home knows of a plan's stages.
struct History {
  std::vector<StageStatus> statuses;
  std::map<Implementation, double> mean_seconds;
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
  const Table means = reader.Query(
      "SELECT kind, implementation, avg(seconds) FROM v_stage WHERE state = 'done' AND seconds IS "
      "NOT NULL GROUP BY kind, implementation");
  for (const auto& row : means.rows) history.mean_seconds[{row[0], row[1]}] = row[2];
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
  double seconds = 0;
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
    const auto mean = history.mean_seconds.find({stage.spec.kind, stage.implementation});
    all_known = all_known && mean != history.mean_seconds.end();
    if (all_known) seconds += mean->second;
  }
  if (all_known) summary.seconds = seconds;
  return summary;
}

}  // namespace zerosweep
