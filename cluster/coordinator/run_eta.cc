#include "cluster/coordinator/run_eta.h"

#include <algorithm>
#include <map>
#include <string_view>

namespace zerosweep {
namespace {

// Below this share, a projection mostly measures the stage's start (loading, warming up).
constexpr double kShareThatTells = 0.02;
// Measurements of other kinds say little about a kind without any of its own.
constexpr double kMaxScaleOfOthers = 3;

}  // namespace

void RunEta::Observed::Add(double took, double was_predicted) {
  seconds += took;
  predicted += was_predicted;
}

RunEta::RunEta(const std::vector<StageRow>& stages, const Scheduler& scheduler)
    : scheduler_(scheduler) {
  std::map<std::pair<std::string_view, std::string_view>, size_t> groups;
  for (const StageRow& stage : stages) {
    const auto [group, is_new] =
        groups.try_emplace({stage.design->kind, stage.design->implementation}, groups.size());
    group_of_.push_back(group->second);
  }
  finished_.resize(groups.size());
}

void RunEta::Finished(size_t stage, double seconds) {
  finished_[group_of_[stage]].Add(seconds, scheduler_.cost(stage));
}

std::optional<double> RunEta::Seconds(const std::vector<RunningStage>& running,
                                      size_t slots) const {
  std::vector<Observed> groups = finished_;
  for (const RunningStage& stage : running) {
    if (stage.share < kShareThatTells) continue;
    groups[group_of_[stage.stage]].Add(stage.seconds / std::min(stage.share, 1.0),
                                       scheduler_.cost(stage.stage));
  }
  Observed all;
  for (const Observed& group : groups) all.Add(group.seconds, group.predicted);
  if (all.predicted <= 0 || slots == 0) return std::nullopt;

  const double of_others = std::clamp(all.Scale(), 1 / kMaxScaleOfOthers, kMaxScaleOfOthers);
  const auto expected = [&](size_t stage) {
    const Observed& group = groups[group_of_[stage]];
    return scheduler_.cost(stage) * (group.predicted > 0 ? group.Scale() : of_others);
  };
  double work = 0;
  for (size_t stage = 0; stage < scheduler_.size(); ++stage) {
    if (scheduler_.IsOpen(stage)) work += expected(stage);
  }
  double longest = 0;
  for (const RunningStage& stage : running) {
    const double whole = stage.share >= kShareThatTells
                             ? stage.seconds / std::min(stage.share, 1.0)
                             : std::max(expected(stage.stage), stage.seconds);
    work += whole - stage.seconds - expected(stage.stage);  // only the rest of it
    longest = std::max(longest, whole - stage.seconds);
  }
  return std::max({work / static_cast<double>(slots), longest, 0.0});
}

}  // namespace zerosweep
