// Estimates what the stages of a plan will cost from what a home has computed. Estimates serve
// scheduling, time left, deadlines and the price that `plan` prints: a wrong one costs time but
// never changes a result.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "storage/results/results.h"
#include "sweeps/plan/plan.h"

namespace zerosweep {

// What an estimate rests on, from best to worst.
enum class CostBasis {
  kMeasured,  // this home ran the implementation on this network and dataset
  kScaled,    // it ran it on others; scaled by the networks' multiply-adds
  kRough      // it never ran it; a rule of thumb for one core
};
const char* ToString(CostBasis basis);  // "measured", "scaled", "rough"

struct CostEstimate {
  double seconds = 0;
  CostBasis basis = CostBasis::kRough;
};

class CostModel {
 public:
  // `history`: finished attempts of all sweeps in this home, newest first.
  CostModel(const std::vector<CostSample>& history, WorkFacts facts);

  // The median over the nearest relatives in the history, scaled by the work that the parameters
  // ask for. Relatives, nearest first, are attempts
  //   - of the same implementation, model and dataset with the same work;
  //   - of the same ones with other work;
  //   - of the same implementation alone, also scaled by multiply-adds.
  // If they ran on several devices, only those on the latest one count. Without relatives the
  // estimate is a rule of thumb.
  CostEstimate Predict(const StageDesign& stage, const Workload& subject) const;

 private:
  // Medians of the seconds for one unit of work.
  struct Neighbours {
    double any_work = 0;
    std::map<double, double> same_work;  // by work
  };
  // The number of images that go through the network, counting every pass.
  double WorkOf(const std::string& kind, const Json& params, const std::string& dataset) const;
  // Seconds on one core; within a factor of three on the processors on which it was tried.
  double RuleOfThumb(const StageDesign& stage, const Workload& subject) const;

  WorkFacts facts_;
  std::map<std::string, Neighbours> neighbours_;  // by NearKey or FarKey
};

// One estimate for each stage of the plan.
std::vector<CostEstimate> EstimateCosts(const Plan& plan, const CostModel& model);

}  // namespace zerosweep
