// A plan and its scheduler in a user's terms: labels of stages, counts of trials.
#pragma once

#include <string>
#include <vector>

#include "cluster/coordinator/outcome.h"
#include "cluster/coordinator/scheduler.h"
#include "sweeps/plan/plan.h"

namespace zerosweep {

class RunView {
 public:
  // Both outlive this object.
  RunView(const Plan& plan, const Scheduler& scheduler);

  // What a stage does, in terms of the first trial that needs it: "quantize minmax resnet20 w4a4"
  // (bits only where the stage depends on them).
  std::string label(size_t stage) const;
  // A trial is done when all its stages are, failed or cancelled when one of them is.
  TrialCounts CountTrials() const;
  // "1a2b3c4d5e6f: message" for each stage that failed by itself, in plan order.
  std::vector<std::string> Failures() const;
  // The stages that only these trials need and that have not ended.
  std::vector<size_t> StagesOnlyOf(const std::vector<std::string>& trials) const;

 private:
  const Plan& plan_;
  const Scheduler& scheduler_;
  std::vector<const Configuration*> first_;  // by stage: that of the first trial that needs it
};

}  // namespace zerosweep
