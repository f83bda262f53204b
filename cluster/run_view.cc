#include "cluster/run_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace zerosweep {
namespace {

using Phase = Scheduler::Phase;

std::string MakeLabel(const StageRow& stage, const TrialRow* trial) {
  std::string label = stage.spec.kind;
  if (stage.implementation != stage.spec.kind) label += " " + stage.implementation;
  if (trial == nullptr) return label;
  label += " " + trial->model;
  if (stage.spec.kind == "quantize" || stage.spec.kind == "evaluate")
    label += fmt::format(" {} {}", trial->method, trial->bits);
  return label;
}

}  // namespace

RunView::RunView(const Plan& plan, const Scheduler& scheduler)
    : plan_(plan), scheduler_(scheduler), trial_stages_(plan.trials.size()) {
  std::vector<const TrialRow*> first(plan.stages.size(), nullptr);
  for (size_t t = 0; t < plan.trials.size(); ++t) {
    for (const auto& [kind, name] : plan.trials[t].stages) {
      const auto stage = scheduler.Find(name);
      if (!stage)
        Fail(ErrorKind::kInternal, "trial {} needs stage {}, which is not in the plan",
             plan.trials[t].id, name);
      trial_stages_[t].push_back(*stage);
      if (first[*stage] == nullptr) first[*stage] = &plan.trials[t];
    }
  }
  for (size_t i = 0; i < plan.stages.size(); ++i)
    labels_.push_back(MakeLabel(plan.stages[i], first[i]));
}

TrialCounts RunView::CountTrials() const {
  TrialCounts counts;
  for (const std::vector<size_t>& stages : trial_stages_) {
    const auto any = [&](Phase phase) {
      return std::any_of(stages.begin(), stages.end(),
                         [&](size_t s) { return scheduler_.phase(s) == phase; });
    };
    const auto is_done = [&](size_t s) { return scheduler_.phase(s) == Phase::kDone; };
    if (any(Phase::kFailed)) {
      ++counts.failed;
    } else if (any(Phase::kCancelled)) {
      ++counts.cancelled;
    } else if (std::all_of(stages.begin(), stages.end(), is_done)) {
      ++counts.done;
    } else {
      ++counts.open;
    }
  }
  return counts;
}

std::vector<std::string> RunView::Failures() const {
  std::vector<std::string> failures;
  for (size_t i = 0; i < plan_.stages.size(); ++i) {
    const auto& inputs = plan_.stages[i].spec.inputs;
    const bool by_itself =
        scheduler_.phase(i) == Phase::kFailed &&
        std::all_of(inputs.begin(), inputs.end(), [&](const auto& input) {
          return scheduler_.phase(*scheduler_.Find(input.second)) == Phase::kDone;
        });
    if (by_itself) {
      failures.push_back(fmt::format("{} ({:.12}): {}", labels_[i], plan_.stages[i].spec.name,
                                     scheduler_.error(i)));
    }
  }
  return failures;
}

std::vector<size_t> RunView::StagesOnlyOf(const std::vector<std::string>& trials) const {
  std::vector<bool> needed_by_others(plan_.stages.size(), false);
  std::vector<bool> needed_by_these(plan_.stages.size(), false);
  for (size_t t = 0; t < plan_.trials.size(); ++t) {
    const bool named = std::find(trials.begin(), trials.end(), plan_.trials[t].id) != trials.end();
    for (const size_t stage : trial_stages_[t])
      (named ? needed_by_these : needed_by_others)[stage] = true;
  }
  std::vector<size_t> only;
  for (size_t i = 0; i < plan_.stages.size(); ++i) {
    const Phase phase = scheduler_.phase(i);
    const bool ended =
        phase == Phase::kDone || phase == Phase::kFailed || phase == Phase::kCancelled;
    if (needed_by_these[i] && !needed_by_others[i] && !ended) only.push_back(i);
  }
  return only;
}

}  // namespace zerosweep
