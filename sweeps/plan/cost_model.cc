#include "sweeps/plan/cost_model.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

namespace zerosweep {
namespace {

// The rule of thumb, measured on ResNet-20 and one core of a 2.6 GHz Xeon: with this many
// multiply-adds a second, every method came out within a factor of three.
constexpr double kMacsPerSecond = 2e10;
constexpr double kStartUp = 1;      // seconds of any stage
constexpr double kUsualMacs = 4e7;  // of an unknown network: ResNet-20's

std::string NearKey(const std::string& kind, const std::string& implementation,
                    const Workload& subject) {
  return Json({kind, implementation, subject.model, subject.dataset}).dump();
}

// `per_mac`: the seconds are also divided by multiply-adds.
std::string FarKey(const std::string& kind, const std::string& implementation, bool per_mac) {
  return Json({kind, implementation, per_mac}).dump();
}

// REQUIRES: `values` is not empty.
double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

const char* ToString(CostBasis basis) {
  static constexpr std::array kWords = {"measured", "scaled", "rough"};
  return kWords.at(static_cast<size_t>(basis));
}

// Medians are taken once, because plans have many stages of few kinds.
CostModel::CostModel(const std::vector<CostSample>& history, WorkFacts facts)
    : facts_(std::move(facts)) {
  struct Seen {
    std::string device;  // the latest
    std::vector<double> any_work;
    std::map<double, std::vector<double>> same_work;
  };
  std::map<std::string, Seen> all;
  for (const CostSample& sample : history) {
    const double work = WorkOf(sample.kind, sample.params, sample.dataset);
    const auto add = [&](const std::string& key, double seconds) {
      Seen& seen = all.try_emplace(key, Seen{sample.device, {}, {}}).first->second;
      if (sample.device != seen.device) return;
      seen.any_work.push_back(seconds / work);
      seen.same_work[work].push_back(seconds / work);
    };
    const Workload subject = {sample.model, sample.dataset, sample.arch};
    add(NearKey(sample.kind, sample.implementation, subject), sample.seconds);
    add(FarKey(sample.kind, sample.implementation, false), sample.seconds);
    if (const auto macs = facts_.Macs(subject))
      add(FarKey(sample.kind, sample.implementation, true), sample.seconds / *macs);
  }
  for (auto& [key, seen] : all) {
    Neighbours& relatives = neighbours_[key];
    relatives.any_work = Median(std::move(seen.any_work));
    for (auto& [work, seconds] : seen.same_work)
      relatives.same_work[work] = Median(std::move(seconds));
  }
}

CostEstimate CostModel::Predict(const StageDesign& stage, const Workload& subject) const {
  const double work = WorkOf(stage.kind, stage.params, subject.dataset);
  const auto macs = facts_.Macs(subject);
  const auto of = [&](const std::string& key) -> std::optional<double> {
    const auto found = neighbours_.find(key);
    if (found == neighbours_.end()) return std::nullopt;
    const auto same = found->second.same_work.find(work);
    return work * (same == found->second.same_work.end() ? found->second.any_work : same->second);
  };
  if (const auto seconds = of(NearKey(stage.kind, stage.implementation, subject)))
    return {*seconds, CostBasis::kMeasured};
  if (const auto seconds = of(FarKey(stage.kind, stage.implementation, true)); seconds && macs)
    return {*seconds * *macs, CostBasis::kScaled};
  if (const auto seconds = of(FarKey(stage.kind, stage.implementation, false)); seconds && !macs)
    return {*seconds, CostBasis::kScaled};
  return {RuleOfThumb(stage, subject), CostBasis::kRough};
}

double CostModel::WorkOf(const std::string& kind, const Json& params,
                         const std::string& dataset) const {
  if (!facts_.ReadsTestImages(kind)) return Work(params);
  const double limit = params.value("limit", 0.0);
  return limit > 0 ? limit : facts_.TestImages(dataset);
}

double CostModel::RuleOfThumb(const StageDesign& stage, const Workload& subject) const {
  const double passes = facts_.Passes(stage.kind, stage.implementation);
  return kStartUp + WorkOf(stage.kind, stage.params, subject.dataset) * passes *
                        facts_.Macs(subject).value_or(kUsualMacs) / kMacsPerSecond;
}

std::vector<CostEstimate> EstimateCosts(const Plan& plan, const CostModel& model) {
  std::vector<const Configuration*> of_stage(plan.stages.size(), nullptr);
  for (const TrialRow& trial : plan.trials)
    for (const size_t stage : trial.stages) of_stage[stage] = trial.configuration.get();
  const auto subject_of = [](const Configuration* trial) -> Workload {
    if (trial == nullptr) return {};
    return {trial->model, trial->dataset, trial->arch};
  };
  // The cost does not depend on seeds.
  std::map<std::pair<const StageDesign*, const Configuration*>, CostEstimate> known;
  std::vector<CostEstimate> estimates;
  estimates.reserve(plan.stages.size());
  for (size_t i = 0; i < plan.stages.size(); ++i) {
    const StageDesign* design = plan.stages[i].design.get();
    const Configuration* trial = of_stage[i];
    const auto [place, is_new] = known.try_emplace({design, trial});
    if (is_new) place->second = model.Predict(*design, subject_of(trial));
    estimates.push_back(place->second);
  }
  return estimates;
}

}  // namespace zerosweep
