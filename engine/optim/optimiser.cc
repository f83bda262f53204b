#include "engine/optim/optimiser.h"

#include <torch/optim.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "base/error.h"

namespace zerosweep {
namespace {

using torch::optim::AdamParamState;
using torch::optim::OptimizerParamGroup;
using torch::optim::SGDParamState;

// Makes an optimiser of torch::optim, with `options(group)` for each group.
template <typename TorchOptimiser, typename Options, typename MakeOptions>
std::unique_ptr<torch::optim::Optimizer> Make(std::vector<ParameterGroup> groups,
                                              const MakeOptions& make_options) {
  std::vector<OptimizerParamGroup> torch_groups;
  for (ParameterGroup& group : groups) {
    auto options = std::make_unique<Options>(make_options(group));
    torch_groups.emplace_back(std::move(group.parameters), std::move(options));
  }
  return std::make_unique<TorchOptimiser>(std::move(torch_groups), Options(groups.front().lr));
}

}  // namespace

struct Optimiser::Impl {
  std::unique_ptr<torch::optim::Optimizer> optimiser;
  bool adam = false;

  // Calls `visit(key, parameter)` for every parameter.
  template <typename Visit>
  void ForEach(const std::string& prefix, const Visit& visit) {
    for (size_t g = 0; g < optimiser->param_groups().size(); ++g) {
      std::vector<torch::Tensor>& parameters = optimiser->param_groups()[g].params();
      for (size_t i = 0; i < parameters.size(); ++i)
        visit(fmt::format("{}.{}.{}", prefix, g, i), parameters[i]);
    }
  }
};

Optimiser::Optimiser(std::vector<ParameterGroup> groups, const AdamSettings& settings)
    : impl_(std::make_unique<Impl>()) {
  using torch::optim::AdamOptions;
  impl_->adam = true;
  impl_->optimiser = Make<torch::optim::Adam, AdamOptions>(
      std::move(groups), [&settings](const ParameterGroup& group) {
        return AdamOptions(group.lr)
            .betas({settings.beta1, settings.beta2})
            .eps(settings.epsilon)
            .weight_decay(group.weight_decay);
      });
}

Optimiser::Optimiser(std::vector<ParameterGroup> groups, const SgdSettings& settings)
    : impl_(std::make_unique<Impl>()) {
  using torch::optim::SGDOptions;
  impl_->optimiser = Make<torch::optim::SGD, SGDOptions>(std::move(groups),
                                                         [&settings](const ParameterGroup& group) {
                                                           return SGDOptions(group.lr)
                                                               .momentum(settings.momentum)
                                                               .nesterov(settings.nesterov)
                                                               .weight_decay(group.weight_decay);
                                                         });
}

Optimiser::Optimiser(Optimiser&&) noexcept = default;
Optimiser& Optimiser::operator=(Optimiser&&) noexcept = default;
Optimiser::~Optimiser() = default;

void Optimiser::ZeroGrad() { impl_->optimiser->zero_grad(); }

void Optimiser::Step() { impl_->optimiser->step(); }

double Optimiser::learning_rate(size_t group) const {
  return impl_->optimiser->param_groups().at(group).options().get_lr();
}

void Optimiser::SetLearningRate(double lr) {
  for (OptimizerParamGroup& group : impl_->optimiser->param_groups()) group.options().set_lr(lr);
}

void Optimiser::SetLearningRate(size_t group, double lr) {
  impl_->optimiser->param_groups().at(group).options().set_lr(lr);
}

void Optimiser::Save(const std::string& prefix, CheckpointState& state) const {
  Json& rates = state.values[prefix + ".rates"] = Json::array();
  for (size_t g = 0; g < impl_->optimiser->param_groups().size(); ++g)
    rates.push_back(learning_rate(g));
  const auto& moments = impl_->optimiser->state();
  impl_->ForEach(prefix, [&](const std::string& key, torch::Tensor& parameter) {
    state.tensors[key] = parameter.detach().clone();
    const auto found = moments.find(parameter.unsafeGetTensorImpl());
    if (found == moments.end()) return;  // not stepped yet
    if (impl_->adam) {
      const auto& adam = static_cast<const AdamParamState&>(*found->second);
      state.values[key + ".step"] = adam.step();
      state.tensors[key + ".exp_avg"] = adam.exp_avg().clone();
      state.tensors[key + ".exp_avg_sq"] = adam.exp_avg_sq().clone();
    } else if (const auto& sgd = static_cast<const SGDParamState&>(*found->second);
               sgd.momentum_buffer().defined()) {
      state.tensors[key + ".momentum"] = sgd.momentum_buffer().clone();
    }
  });
}

void Optimiser::Restore(const std::string& prefix, const CheckpointState& state) {
  const torch::NoGradGuard no_grad;
  const Json& rates = state.values.at(prefix + ".rates");
  for (size_t g = 0; g < rates.size(); ++g) SetLearningRate(g, rates[g].get<double>());
  impl_->ForEach(prefix, [&](const std::string& key, torch::Tensor& parameter) {
    const auto saved = state.tensors.find(key);
    if (saved == state.tensors.end() || saved->second.sizes() != parameter.sizes())
      Fail(ErrorKind::kStorage, "the checkpoint has no tensor '{}' of this optimiser", key);
    parameter.copy_(saved->second);
    // Restores the parameter's memory layout, which a file does not keep: in another layout the
    // vectorised update would use other instructions and round differently.
    const auto like = [&](const std::string& name) {
      return torch::empty_like(parameter).copy_(state.tensors.at(name));
    };
    auto& moments = impl_->optimiser->state()[parameter.unsafeGetTensorImpl()];
    if (impl_->adam && state.values.contains(key + ".step")) {
      auto adam = std::make_unique<AdamParamState>();
      adam->step(state.values.at(key + ".step").get<int64_t>());
      adam->exp_avg(like(key + ".exp_avg"));
      adam->exp_avg_sq(like(key + ".exp_avg_sq"));
      moments = std::move(adam);
    } else if (!impl_->adam && state.tensors.contains(key + ".momentum")) {
      auto sgd = std::make_unique<SGDParamState>();
      sgd->momentum_buffer(like(key + ".momentum"));
      moments = std::move(sgd);
    } else {
      impl_->optimiser->state().erase(parameter.unsafeGetTensorImpl());
    }
  });
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
