// Estimates when a run will end, from the durations of its own stages, including running ones.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cluster/coordinator/scheduler.h"

namespace zerosweep {

// A stage that runs now.
struct RunningStage {
  size_t stage = 0;
  double seconds = 0;  // since it started
  double share = 0;    // of its time that has passed, 0…1; 0: unknown
};

class RunEta {
 public:
  // `scheduler` holds the same stages: it knows which are open and their predicted costs.
  RunEta(const std::vector<StageRow>& stages, const Scheduler& scheduler);

  void Finished(size_t stage, double seconds);

  // Seconds until every open stage has ended on `slots` slots; nullopt while no stage has reported
  // anything. Predictions are scaled by the ratio of measured to predicted time of the stages of
  // the same kind and implementation in this run. Without any, the ratio over all stages is used,
  // limited to a factor of 3 either way.
  std::optional<double> Seconds(const std::vector<RunningStage>& running, size_t slots) const;

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
