// What the stages of a plan will cost, learned from what a home has computed. For order, time left,
// deadlines and the price that `plan` tells: a wrong prediction costs time, never a result.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "storage/results/results.h"
#include "sweeps/plan/plan.h"

namespace zerosweep {

// What an estimate rests on, from near to far.
enum class CostBasis {
  kMeasured,  // this home ran the implementation on this network and dataset
  kScaled,    // it ran it on others: scaled by the networks' multiply-adds
  kRough      // it never did: a rule of thumb for one core
};
const char* ToString(CostBasis basis);  // "measured", "scaled", "rough"

struct CostEstimate {
  double seconds = 0;
  CostBasis basis = CostBasis::kRough;
};

// What a stage works on; empty where it is not known.
struct Workload {
  std::string model, dataset, arch;
};

class CostModel {
 public:
  // `history`: finished attempts of any sweep in this home, newest first.
  CostModel(const std::vector<CostSample>& history, WorkFacts facts);

  // The median over the nearest relatives that the history has, scaled by the work that the
  // parameters ask for: of the same implementation, model and dataset with the same work; the same
  // with other work; the same implementation, scaled by multiply-adds as well; none. Of relatives
  // on several devices only those on the latest one count.
  CostEstimate Predict(const StageDesign& stage, const Workload& subject) const;

 private:
  // Medians of the seconds that a unit of work took.
  struct Neighbours {
    double any_work = 0;
    std::map<double, double> same_work;  // by work
  };
  // Images that go through the network, each time counted.
  double WorkOf(const std::string& kind, const Json& params, const std::string& dataset) const;
  // Seconds on one core, within a factor of three on the processors that it was tried on.
  double RuleOfThumb(const StageDesign& stage, const Workload& subject) const;

  WorkFacts facts_;
  std::map<std::string, Neighbours> neighbours_;  // by key
};

// By stage of the plan.
std::vector<CostEstimate> EstimateCosts(const Plan& plan, const CostModel& model);

}  // namespace zerosweep
