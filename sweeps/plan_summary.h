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
  std::optional<double> seconds;  // of computation still to be done; absent when none of it was
                                  // ever run in this home
};

struct PlanSummary {
  size_t trials = 0;
  size_t stages = 0;
  size_t shared = 0;
  size_t done = 0;
  // Of computation still to be done, as the home's history tells it: all in one row, and the
  // longest chain of stages that wait for each other. Only when every kind still to be computed was
  // run before in this home.
  std::optional<double> seconds, longest_chain;
  std::vector<KindSummary> kinds;  // in the order of the plan, those of one kind together

  size_t to_compute() const { return stages - done; }
};

// Reads the home's database if there is one. Throws kStorage when it cannot be read.
PlanSummary SummarisePlan(const Plan& plan, const Home& home);

}  // namespace zerosweep
