#include "engine/optim/optimiser.h"

#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_sgd.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "base/error.h"

namespace zerosweep {
namespace {

// The gradient in the memory order of its parameter, as the fused kernels want it.
torch::Tensor GradientOf(const torch::Tensor& parameter) {
  const torch::Tensor& gradient = parameter.grad();
  if (gradient.strides() == parameter.strides()) return gradient;
  return torch::empty_like(parameter).copy_(gradient);
}

}  // namespace

Optimiser::Optimiser(std::vector<ParameterGroup> groups, const Settings& settings)
    : settings_(settings), groups_(std::move(groups)) {
  for (const ParameterGroup& group : groups_) {
    moments_.emplace_back(group.parameters.size());
    for (const torch::Tensor& parameter : group.parameters) {
      if (!parameter.is_non_overlapping_and_dense())
        Fail(ErrorKind::kInternal, "an optimiser was given a parameter with gaps in memory");
    }
  }
}

void Optimiser::ZeroGrad() {
  for (ParameterGroup& group : groups_)
    for (torch::Tensor& parameter : group.parameters) parameter.mutable_grad() = torch::Tensor();
}

void Optimiser::Step() {
  const torch::NoGradGuard no_grad;
  for (size_t g = 0; g < groups_.size(); ++g) StepGroup(groups_[g], moments_[g]);
}

void Optimiser::StepGroup(const ParameterGroup& group, std::vector<Moments>& moments) const {
  const auto* adam = std::get_if<AdamSettings>(&settings_);
  const auto* sgd = std::get_if<SgdSettings>(&settings_);
  // Lists of the parameters with a gradient; SGD's first update of a parameter sets its momentum.
  struct Lists {
    std::vector<torch::Tensor> parameters, gradients, exp_avgs, exp_avg_sqs, steps, momenta;
  };
  Lists lists, first;
  for (size_t i = 0; i < moments.size(); ++i) {
    const torch::Tensor& parameter = group.parameters[i];
    if (!parameter.grad().defined()) continue;
    Moments& own = moments[i];
    const bool begins = sgd != nullptr && sgd->momentum > 0 && !own.momentum.defined();
    Lists& to = begins ? first : lists;
    to.parameters.push_back(parameter);
    to.gradients.push_back(GradientOf(parameter));
    if (begins) own.momentum = torch::zeros_like(parameter);
    if (sgd != nullptr && sgd->momentum > 0) to.momenta.push_back(own.momentum);
    if (sgd != nullptr) continue;
    if (!own.step.defined()) {
      own.step = torch::zeros({}, parameter.options().dtype(torch::kFloat32));
      own.exp_avg = torch::zeros_like(parameter);
      own.exp_avg_sq = torch::zeros_like(parameter);
    }
    own.step += 1;
    to.steps.push_back(own.step);
    to.exp_avgs.push_back(own.exp_avg);
    to.exp_avg_sqs.push_back(own.exp_avg_sq);
  }
  if (adam != nullptr) {
    if (lists.parameters.empty()) return;
    at::_fused_adam_(lists.parameters, lists.gradients, lists.exp_avgs, lists.exp_avg_sqs,
                     /*max_exp_avg_sqs=*/{}, lists.steps, group.lr, adam->beta1, adam->beta2,
                     group.weight_decay, adam->epsilon, /*amsgrad=*/false, /*maximize=*/false);
    return;
  }
  for (const Lists* part : {&first, &lists}) {
    if (part->parameters.empty()) continue;
    at::_fused_sgd_(part->parameters, part->gradients, part->momenta, group.weight_decay,
                    sgd->momentum, group.lr, /*dampening=*/0, sgd->nesterov,
                    /*maximize=*/false, /*is_first_step=*/part == &first);
  }
}

void Optimiser::SetLearningRate(double lr) {
  for (ParameterGroup& group : groups_) group.lr = lr;
}

void Optimiser::Save(const std::string& prefix, CheckpointState& state) const {
  Json& rates = state.values[prefix + ".rates"] = Json::array();
  for (size_t g = 0; g < groups_.size(); ++g) {
    rates.push_back(groups_[g].lr);
    for (size_t i = 0; i < moments_[g].size(); ++i) {
      const std::string key = fmt::format("{}.{}.{}", prefix, g, i);
      const Moments& own = moments_[g][i];
      state.tensors[key] = groups_[g].parameters[i].detach().clone();
      if (own.step.defined()) {
        state.values[key + ".step"] = own.step.item<int64_t>();
        state.tensors[key + ".exp_avg"] = own.exp_avg.clone();
        state.tensors[key + ".exp_avg_sq"] = own.exp_avg_sq.clone();
      } else if (own.momentum.defined()) {
        state.tensors[key + ".momentum"] = own.momentum.clone();
      }
    }
  }
}

void Optimiser::Restore(const std::string& prefix, const CheckpointState& state) {
  const torch::NoGradGuard no_grad;
  const Json& rates = state.values.at(prefix + ".rates");
  if (rates.size() != groups_.size())
    Fail(ErrorKind::kStorage, "the checkpoint's optimiser has another number of groups");
  for (size_t g = 0; g < rates.size(); ++g) {
    SetLearningRate(g, rates[g].get<double>());
    for (size_t i = 0; i < moments_[g].size(); ++i) {
      const std::string key = fmt::format("{}.{}.{}", prefix, g, i);
      torch::Tensor& parameter = groups_[g].parameters[i];
      const auto saved = state.tensors.find(key);
      if (saved == state.tensors.end() || saved->second.sizes() != parameter.sizes())
        Fail(ErrorKind::kStorage, "the checkpoint has no tensor '{}' of this optimiser", key);
      parameter.copy_(saved->second);
      // In the parameter's memory order, which a file does not keep.
      const auto like = [&](const std::string& name) {
        return torch::empty_like(parameter).copy_(state.tensors.at(name));
      };
      Moments& own = moments_[g][i] = {};
      if (state.values.contains(key + ".step")) {
        own.step = torch::full({}, state.values.at(key + ".step").get<double>(),
                               parameter.options().dtype(torch::kFloat32));
        own.exp_avg = like(key + ".exp_avg");
        own.exp_avg_sq = like(key + ".exp_avg_sq");
      } else if (state.tensors.contains(key + ".momentum")) {
        own.momentum = like(key + ".momentum");
      }
    }
  }
}

double PlateauSchedule::Next(double loss, double lr) {
  constexpr double kSmallestChange = 1e-8;  // PyTorch's eps
  if (!started_ || loss < best_ * (1 - settings_.threshold)) {
    started_ = true;
    best_ = loss;
    bad_steps_ = 0;
  } else {
    ++bad_steps_;
  }
  if (bad_steps_ <= settings_.patience) return lr;
  bad_steps_ = 0;
  const double next = std::max(lr * settings_.factor, settings_.min_lr);
  return lr - next > kSmallestChange ? next : lr;
}

Json PlateauSchedule::State() const {
  return {{"best", best_}, {"bad_steps", bad_steps_}, {"started", started_}};
}

void PlateauSchedule::Restore(const Json& state) {
  best_ = state.at("best");
  bad_steps_ = state.at("bad_steps");
  started_ = state.at("started");
}

double RateSchedule::Factor(int64_t step) const {
  const int64_t place = start + step;
  if (place < ramp) return static_cast<double>(place + 1) / static_cast<double>(ramp);
  const auto at = static_cast<double>(place - ramp), all = static_cast<double>(total - ramp);
  if (shape == Shape::kStep) {
    return std::pow(0.1, std::count_if(falls.begin(), falls.end(),
                                       [&](double share) { return at >= share * all; }));
  }
  if (shape == Shape::kConstant) return 1;
  return 0.5 * (1 + std::cos(std::numbers::pi * at / (period > 0 ? period : all)));
}

double RateSchedule::Sum(int64_t steps) const {
  double sum = 0;
  for (int64_t step = 0; step < steps; ++step) sum += Factor(step);
  return sum;
}

double CosineRate(double base, double step, double total, double lowest) {
  const double share = total > 0 ? std::clamp(step / total, 0.0, 1.0) : 0;
  return lowest + (base - lowest) * 0.5 * (1 + std::cos(std::numbers::pi * share));
}

}  // namespace zerosweep
