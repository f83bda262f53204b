#include "sweeps/cost_model.h"

#include <algorithm>
#include <map>

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

CostEstimate CostModel::Predict(const StageDesign& stage, const std::string& model,
                                const std::string& dataset) const {
  const std::string& kind = stage.kind;
  const double work = Work(stage.params);
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
  std::vector<const Configuration*> of_stage(plan.stages.size(), nullptr);
  for (const TrialRow& trial : plan.trials)
    for (const size_t stage : trial.stages) of_stage[stage] = trial.configuration.get();
  // Seeds change no cost.
  std::map<std::pair<const StageDesign*, const Configuration*>, CostEstimate> known;
  std::vector<CostEstimate> estimates;
  estimates.reserve(plan.stages.size());
  for (size_t i = 0; i < plan.stages.size(); ++i) {
    const StageDesign* design = plan.stages[i].design.get();
    const Configuration* trial = of_stage[i];
    const auto [place, is_new] = known.try_emplace({design, trial});
    if (is_new)
      place->second = model.Predict(*design, trial == nullptr ? "" : trial->model,
                                    trial == nullptr ? "" : trial->dataset);
    estimates.push_back(place->second);
  }
  return estimates;
}

}  // namespace zerosweep
