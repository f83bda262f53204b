// A plan and its scheduler as a person sees them: labels of stages, counts of trials.
#pragma once

#include <string>
#include <vector>

#include "cluster/coordinator/scheduler.h"
#include "sweeps/plan/plan.h"

namespace zerosweep {

struct TrialCounts {
  int done = 0, failed = 0, cancelled = 0, open = 0;
};

class RunView {
 public:
  // Both outlive this object.
  RunView(const Plan& plan, const Scheduler& scheduler);

  // "quantize minmax resnet20 w4a4": what a stage does, in the words of the first trial that needs
  // it (bits only where a stage depends on them).
  std::string label(size_t stage) const;
  // A trial is done when all its stages are, failed or cancelled when one of them is.
  TrialCounts CountTrials() const;
  // "1a2b3c4d5e6f: message" of each failed stage that failed by itself, in plan order.
  std::vector<std::string> Failures() const;
  // Stages that only trials among these ids need, and that have not ended.
  std::vector<size_t> StagesOnlyOf(const std::vector<std::string>& trials) const;

 private:
  const Plan& plan_;
  const Scheduler& scheduler_;
  std::vector<const Configuration*> first_;  // by stage: of the first trial that needs it
};

}  // namespace zerosweep
