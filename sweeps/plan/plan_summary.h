// Summarises a plan in numbers, with what a home has already done.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "storage/home/home.h"
#include "sweeps/plan/cost_model.h"
#include "sweeps/plan/plan.h"

namespace zerosweep {

// The price of stages still to be computed: their sum, and the least certain basis among them.
struct Price {
  double seconds = 0;
  std::optional<CostBasis> basis;  // absent when nothing is left to compute
  void Add(const CostEstimate& cost);
  // Rounds to the digits that are meaningful: three if measured, otherwise two.
  double Rounded(double value) const;
};

struct KindSummary {
  std::string kind, implementation;
  size_t stages = 0;
  size_t shared = 0;  // used by more than one trial
  size_t done = 0;
  Price price;
};

struct PlanSummary {
  size_t trials = 0;
  size_t stages = 0;
  size_t shared = 0;
  size_t done = 0;
  Price price;               // of all stages, one after another
  double longest_chain = 0;  // seconds of the longest chain of stages that depend on each other
  std::vector<KindSummary> kinds;  // in the order of the plan, grouped by kind

  size_t to_compute() const { return stages - done; }
};

// Reads the home's database if there is one. Throws kStorage when it cannot be read.
PlanSummary SummarisePlan(const Plan& plan, const Home& home);

}  // namespace zerosweep
