#include "sweeps/cost_model.h"

#include <algorithm>
#include <unordered_map>

namespace zerosweep {
namespace {

std::string Key(const std::string& kind, const std::string& implementation,
                const std::string& model = "", const std::string& dataset = "") {
  return Json({kind, implementation, model, dataset}).dump();
}

// REQUIRES: there are values.
double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
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

// Once, because plans have many stages of few kinds.
CostModel::CostModel(const std::vector<CostSample>& history) {
  struct Seen {
    std::string device;  // the latest
    std::vector<double> any_work;
    std::map<double, std::vector<double>> same_work;
  };
  std::map<std::string, Seen> all;
  for (const CostSample& sample : history) {
    const double work = Work(sample.params);
    for (const std::string& key :
         {Key(sample.kind, sample.implementation),
          Key(sample.kind, sample.implementation, sample.model, sample.dataset)}) {
      Seen& seen = all.try_emplace(key, Seen{sample.device, {}, {}}).first->second;
      if (sample.device != seen.device) continue;
      seen.any_work.push_back(sample.seconds / work);
      seen.same_work[work].push_back(seen.any_work.back());
    }
  }
  for (auto& [key, seen] : all) {
    Relatives& relatives = relatives_[key];
    relatives.any_work = Median(std::move(seen.any_work));
    for (auto& [work, seconds] : seen.same_work)
      relatives.same_work[work] = Median(std::move(seconds));
  }
}

CostEstimate CostModel::Predict(const StageRow& stage, const std::string& model,
                                const std::string& dataset) const {
  const std::string& kind = stage.spec.kind;
  const double work = Work(stage.spec.params);
  if (empty()) return {RuleOfThumb(kind, work), false};
  for (const std::string& key :
       {Key(kind, stage.implementation, model, dataset), Key(kind, stage.implementation)}) {
    const auto found = relatives_.find(key);
    if (found == relatives_.end()) continue;
    const auto same = found->second.same_work.find(work);
    const bool known = same != found->second.same_work.end();
    return {work * (known ? same->second : found->second.any_work), true};
  }
  return {RuleOfThumb(kind, work), false};
}

std::vector<CostEstimate> EstimateCosts(const Plan& plan, const CostModel& model) {
  std::unordered_map<std::string, const TrialRow*> trial_of;
  if (!model.empty()) {
    for (const TrialRow& trial : plan.trials)
      for (const auto& [kind, stage] : trial.stages) trial_of.emplace(stage, &trial);
  }
  std::vector<CostEstimate> estimates;
  for (const StageRow& stage : plan.stages) {
    const auto trial = trial_of.find(stage.spec.name);
    const bool known = trial != trial_of.end();
    estimates.push_back(model.Predict(stage, known ? trial->second->model : "",
                                      known ? trial->second->dataset : ""));
  }
  return estimates;
}

}  // namespace zerosweep
