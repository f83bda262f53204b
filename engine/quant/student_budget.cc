#include "engine/quant/student_budget.h"

namespace zerosweep {

std::map<std::string, double> BudgetMetrics(const StudentBudget& budget,
                                            const Distillation& distillation, int64_t classes) {
  return {{"images_seen", static_cast<double>(budget.steps * budget.images)},
          {"lr_kd", budget.lr * budget.rate.Sum(budget.steps) * distillation.ImageWeight(classes)}};
}

}  // namespace zerosweep
