#include "cluster/coordinator/run_view.h"

#include <fmt/format.h>

#include <algorithm>

namespace zerosweep {
namespace {

using Phase = Scheduler::Phase;

}  // namespace

RunView::RunView(const Plan& plan, const Scheduler& scheduler)
    : plan_(plan), scheduler_(scheduler), first_(plan.stages.size(), nullptr) {
  for (const TrialRow& trial : plan.trials) {
    for (const size_t stage : trial.stages)
      if (first_[stage] == nullptr) first_[stage] = trial.configuration.get();
  }
}

std::string RunView::label(size_t stage) const {
  const StageDesign& design = *plan_.stages[stage].design;
  const Configuration* trial = first_[stage];
  std::string label = design.kind;
  if (design.implementation != design.kind) label += " " + design.implementation;
  if (trial == nullptr) return label;
  label += " " + trial->model;
  if (design.kind == "quantize" || design.kind == "evaluate")
    label += fmt::format(" {} {}", trial->method, trial->bits);
  return label;
}

TrialCounts RunView::CountTrials() const {
  TrialCounts counts;
  for (const TrialRow& trial : plan_.trials) {
    const std::vector<size_t>& stages = trial.stages;
    const auto any = [&](Phase phase) {
      return std::ranges::any_of(stages, [&](size_t s) { return scheduler_.phase(s) == phase; });
    };
    const auto is_done = [&](size_t s) { return scheduler_.phase(s) == Phase::kDone; };
    if (any(Phase::kFailed)) {
      ++counts.failed;
    } else if (any(Phase::kCancelled)) {
      ++counts.cancelled;
    } else if (std::ranges::all_of(stages, is_done)) {
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
    const std::vector<size_t>& inputs = plan_.stages[i].inputs;
    const bool by_itself =
        scheduler_.phase(i) == Phase::kFailed && std::ranges::all_of(inputs, [&](size_t input) {
          return scheduler_.phase(input) == Phase::kDone;
        });
    if (by_itself) {
      failures.push_back(
          fmt::format("{} ({:.12}): {}", label(i), plan_.stages[i].name, scheduler_.error(i)));
    }
  }
  return failures;
}

std::vector<size_t> RunView::StagesOnlyOf(const std::vector<std::string>& trials) const {
  std::vector<bool> needed_by_others(plan_.stages.size(), false);
  std::vector<bool> needed_by_these(plan_.stages.size(), false);
  for (size_t t = 0; t < plan_.trials.size(); ++t) {
    const bool named = std::ranges::find(trials, plan_.trials[t].id) != trials.end();
    for (const size_t stage : plan_.trials[t].stages)
      (named ? needed_by_these : needed_by_others)[stage] = true;
  }
  std::vector<size_t> only;
  for (size_t i = 0; i < plan_.stages.size(); ++i) {
    if (needed_by_these[i] && !needed_by_others[i] && scheduler_.IsOpen(i)) only.push_back(i);
  }
  return only;
}

}  // namespace zerosweep
