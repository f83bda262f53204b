// How much training a student had, in figures that compare where steps do not: batches differ, and
// so does what the released codes weigh the divergence by (Distillation::ImageWeight).
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "engine/optim/optimiser.h"
#include "engine/quant/distillation.h"

namespace zerosweep {

struct StudentBudget {
  int64_t steps = 0;   // of its optimiser
  int64_t images = 0;  // of one step, of all ranks
  double lr = 0;       // before the schedule
  RateSchedule rate;   // by its own steps
};

// Metrics of its artifact:
//   images_seen   images that it was trained on, however often
//   lr_kd         Σ over its steps of lr · rate's factor · ImageWeight
std::map<std::string, double> BudgetMetrics(const StudentBudget& budget,
                                            const Distillation& distillation, int64_t classes);

}  // namespace zerosweep
