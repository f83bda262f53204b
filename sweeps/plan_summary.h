// A plan in numbers, beside what a home has already done.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "storage/home.h"
#include "sweeps/plan.h"

namespace zerosweep {

struct KindSummary {
  std::string kind, implementation;
  size_t stages = 0;
  size_t shared = 0;  // used by more than one trial
  size_t done = 0;
};

struct PlanSummary {
  size_t trials = 0;
  size_t stages = 0;
  size_t shared = 0;
  size_t done = 0;
  std::optional<double> seconds;   // of computation still to be done, all in one row; only when
                                   // every kind still to be computed was run before in this home
  std::vector<KindSummary> kinds;  // in the order of the plan, those of one kind together

  size_t to_compute() const { return stages - done; }
};

// Reads the home's database if there is one. Throws kStorage when it cannot be read.
PlanSummary SummarisePlan(const Plan& plan, const Home& home);

}  // namespace zerosweep
