// Predicted seconds of a stage, for ordering only: a wrong prediction costs time, never a result.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "storage/results.h"
#include "storage/rows.h"

namespace zerosweep {

class CostModel {
 public:
  // `history`: finished attempts of any sweep in this home.
  explicit CostModel(const std::vector<CostSample>& history);

  // History of the same kind and implementation, scaled by the work that the parameters ask for;
  // without history a rule of thumb by kind.
  double Seconds(const StageRow& stage) const;

 private:
  std::map<std::string, double> seconds_per_work_;  // "kind/implementation" → median
};

// A measure of the work that parameters ask for: the product of every "iterations", "images" and
// "epochs" among them, at any depth; 1 when there is none.
double Work(const Json& params);

}  // namespace zerosweep
