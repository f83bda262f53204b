// What the stages of a plan will cost, learned from what a home has computed. For order, time left
// and deadlines: a wrong prediction costs time, never a result.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "storage/results.h"
#include "sweeps/plan.h"

namespace zerosweep {

struct CostEstimate {
  double seconds = 0;
  bool measured = false;  // from this home's history, not by a rule of thumb
};

class CostModel {
 public:
  // `history`: finished attempts of any sweep in this home, newest first.
  explicit CostModel(const std::vector<CostSample>& history);
  bool empty() const { return relatives_.empty(); }

  // The median over the nearest relatives that the history has, scaled by the work that the
  // parameters ask for. From near to far: the same implementation, model and dataset with the same
  // work; the same with other work; the same implementation; none (a rule of thumb by kind). Of
  // relatives on several devices only those on the latest one count.
  CostEstimate Predict(const StageDesign& stage, const std::string& model,
                       const std::string& dataset) const;

 private:
  // Medians of the seconds that a unit of work took.
  struct Relatives {
    double any_work = 0;
    std::map<double, double> same_work;  // by work
  };
  std::map<std::string, Relatives> relatives_;  // by key
};

// By stage of the plan.
std::vector<CostEstimate> EstimateCosts(const Plan& plan, const CostModel& model);

// A measure of the work that parameters ask for: the product of every "iterations", "images" and
// "epochs" among them, at any depth; 1 when there is none.
double Work(const Json& params);

}  // namespace zerosweep
