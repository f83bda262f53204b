#include "engine/optim/optimiser.h"

#include <torch/optim.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>
#include <utility>

namespace zerosweep {
namespace {

using torch::optim::OptimizerParamGroup;
using torch::optim::ReduceLROnPlateauScheduler;

// One of torch::optim's, with `options(group)` for each group.
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

struct Optimiser::State {
  std::unique_ptr<torch::optim::Optimizer> optimiser;
  std::optional<ReduceLROnPlateauScheduler> plateau;
};

Optimiser::Optimiser(std::vector<ParameterGroup> groups, const AdamSettings& settings)
    : state_(std::make_unique<State>()) {
  using torch::optim::AdamOptions;
  state_->optimiser = Make<torch::optim::Adam, AdamOptions>(
      std::move(groups), [&settings](const ParameterGroup& group) {
        return AdamOptions(group.lr)
            .betas({settings.beta1, settings.beta2})
            .eps(settings.epsilon)
            .weight_decay(group.weight_decay);
      });
}

Optimiser::Optimiser(std::vector<ParameterGroup> groups, const SgdSettings& settings)
    : state_(std::make_unique<State>()) {
  using torch::optim::SGDOptions;
  state_->optimiser = Make<torch::optim::SGD, SGDOptions>(std::move(groups),
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

void Optimiser::ZeroGrad() { state_->optimiser->zero_grad(); }

void Optimiser::Step() { state_->optimiser->step(); }

double Optimiser::learning_rate(size_t group) const {
  return state_->optimiser->param_groups().at(group).options().get_lr();
}

void Optimiser::SetLearningRate(double lr) {
  for (OptimizerParamGroup& group : state_->optimiser->param_groups()) group.options().set_lr(lr);
}

void Optimiser::SetLearningRate(size_t group, double lr) {
  state_->optimiser->param_groups().at(group).options().set_lr(lr);
}

void Optimiser::ReduceOnPlateau(const PlateauSettings& settings) {
  const size_t groups = state_->optimiser->param_groups().size();
  state_->plateau.emplace(*state_->optimiser, ReduceLROnPlateauScheduler::min,
                          static_cast<float>(settings.factor), settings.patience,
                          /*threshold=*/1e-4, ReduceLROnPlateauScheduler::rel, /*cooldown=*/0,
                          std::vector<float>(groups, static_cast<float>(settings.min_lr)));
}

void Optimiser::ObserveLoss(float loss) { state_->plateau.value().step(loss); }

double CosineRate(double base, double step, double total, double lowest) {
  const double share = total > 0 ? std::clamp(step / total, 0.0, 1.0) : 0;
  return lowest + (base - lowest) * 0.5 * (1 + std::cos(std::numbers::pi * share));
}

}  // namespace zerosweep
