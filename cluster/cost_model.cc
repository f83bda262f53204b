#include "cluster/cost_model.h"

#include <algorithm>

namespace zerosweep {
namespace {

std::string Key(const std::string& kind, const std::string& implementation) {
  return kind + "/" + implementation;
}

bool CountsAsWork(const std::string& name) {
  return name == "iterations" || name == "images" || name == "epochs";
}

// Seconds per unit of Work() on one core of 2020s hardware for a CIFAR-sized network; only their
// order matters.
double RuleOfThumb(const std::string& kind, double work) {
  if (kind == "train") return 60 * work;
  if (kind == "synthesize") return 1 + 1e-4 * work;
  if (kind == "evaluate" || kind == "sensitivity") return 10;
  if (kind == "quantize") return 2 + 1e-4 * work;
  return 1;
}

}  // namespace

double Work(const Json& params) {
  if (!params.is_structured()) return 1;
  double product = 1;
  for (const auto& [name, value] : params.items()) {
    if (value.is_structured()) {
      product *= Work(value);
    } else if (value.is_number() && CountsAsWork(name)) {
      product *= std::max(1.0, value.get<double>());
    }
  }
  return product;
}

CostModel::CostModel(const std::vector<CostSample>& history) {
  std::map<std::string, std::vector<double>> ratios;
  for (const CostSample& sample : history)
    ratios[Key(sample.kind, sample.implementation)].push_back(sample.seconds / Work(sample.params));
  for (auto& [key, values] : ratios) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    seconds_per_work_[key] = *middle;
  }
}

double CostModel::Seconds(const StageRow& stage) const {
  const double work = Work(stage.spec.params);
  const auto known = seconds_per_work_.find(Key(stage.spec.kind, stage.implementation));
  return known != seconds_per_work_.end() ? known->second * work
                                          : RuleOfThumb(stage.spec.kind, work);
}

}  // namespace zerosweep
