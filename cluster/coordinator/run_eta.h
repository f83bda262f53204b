// When a run will be over, learned from its own stages, the running ones included.
#pragma once

#include <string>
#include <vector>

#include "cluster/coordinator/scheduler.h"

namespace zerosweep {

// A stage that runs now.
struct RunningStage {
  size_t stage = 0;
  double seconds = 0;  // since its start
  double share = 0;    // of its work done, 0…1; 0: not known yet
};

class RunEta {
 public:
  // `scheduler` (of the same stages) knows what is open and what each was predicted to cost.
  RunEta(const std::vector<StageRow>& stages, const Scheduler& scheduler);

  void Finished(size_t stage, double seconds);

  // Seconds until everything open has ended on `slots` slots; < 0 while no stage has told anything.
  // Predictions are scaled, for stages of one kind and implementation, by what such stages took in
  // this run against theirs; for others, by what all took, but by no more than 3.
  double Seconds(const std::vector<RunningStage>& running, size_t slots) const;

 private:
  struct Observed {
    double seconds = 0, predicted = 0;
    void Add(double took, double was_predicted);
    double Scale() const { return seconds / predicted; }
  };

  const Scheduler& scheduler_;
  std::vector<size_t> group_of_;    // by stage: its kind and implementation
  std::vector<Observed> finished_;  // by group
};

}  // namespace zerosweep
