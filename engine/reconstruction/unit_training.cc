#include "engine/reconstruction/unit_training.h"

#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <utility>

#include "base/error.h"
#include "engine/kernels/power_loss.h"
#include "engine/kernels/rows.h"
#include "engine/quant/site_hooks.h"

namespace zerosweep {
namespace {

constexpr const char* kOutput = "output";  // the loss of the unit's output

}  // namespace

SoftUnitSettings SoftSettings(const ReconstructionSettings& settings, const Phase& phase) {
  return {.learn_rounding = phase.lr_rounding > 0,
          .learn_weight_steps = phase.lr_weight_step > 0,
          .quantize_activations = phase.quantize_activations,
          .learn_act_steps = phase.lr_act_step > 0,
          .learn_borders = phase.lr_border > 0,
          .mask_each_reader = phase.mask_each_reader,
          .step_gradient = settings.step_gradient};
}

UnitTraining::UnitTraining(const ReconstructionSettings& settings, const Phase& phase,
                           const Unit& unit, const UnitDraws& draws, const SoftUnit& soft,
                           UnitObjective* objective, UnitCaches caches)
    : settings_(settings),
      phase_(phase),
      unit_(unit),
      draws_(draws),
      soft_(soft),
      objective_(objective),
      caches_(std::move(caches)) {
  if (objective_ != nullptr) {
    objective_->BeginUnit(
        phase, unit, [&soft](const torch::Tensor& x) { return soft.Forward(x, soft.Round()); },
        caches_);
  }
  if (auto parameters = soft.RoundingParameters(); !parameters.empty()) {
    rounding_.emplace(std::vector<ParameterGroup>{{std::move(parameters), phase.lr_rounding}},
                      AdamSettings{});
  }
  std::vector<ParameterGroup> groups;
  const auto add = [&](std::vector<torch::Tensor> parameters, double lr) {
    if (parameters.empty()) return;
    groups.push_back({std::move(parameters), lr});
    step_rates_.push_back(lr);
  };
  for (const torch::Tensor& steps : soft.WeightSteps()) add({steps}, WeightStepRate(phase, steps));
  add(soft.ActSteps(), phase.lr_act_step);
  add(soft.Borders(), phase.lr_border);
  if (!groups.empty()) steps_.emplace(std::move(groups), AdamSettings{});
}

// The unit's input for a batch, under drop.
torch::Tensor UnitTraining::Input(int64_t step, const torch::Tensor& indices) const {
  const torch::Tensor x = SelectRows(caches_.x_q, indices);
  if (phase_.keep_quantized >= 1 || phase_.fp_inputs) return x;
  return MixRows(x, draws_.Keep(step, "input", kEveryReader, x), caches_.x_fp, indices);
}

// Returns a function that runs the soft unit under drop, each time with new draws.
UnitObjective::Student UnitTraining::DroppedStudent(int64_t step,
                                                    const SoftUnit::Weights& weights) const {
  return [this, step, &weights, forwards = 0](const torch::Tensor& input) mutable {
    SoftUnit::Keep keep;
    if (phase_.keep_quantized < 1) {
      keep = [this, step, forward = forwards](size_t i, int reader, const torch::Tensor& tensor) {
        return draws_.Keep(step, fmt::format("site{}.{}", i, forward), reader, tensor);
      };
    }
    ++forwards;
    return soft_.Forward(input, weights, keep);
  };
}

// b of the regulariser, or nothing while the rounding is not yet pulled to 0 or 1. All released
// codes count steps from 1.
std::optional<double> UnitTraining::Exponent(int64_t step) const {
  const auto count = static_cast<double>(step + 1);
  if (!rounding_ || count < settings_.warmup * static_cast<double>(phase_.iterations)) return {};
  return RoundingExponent(settings_, step + 1, phase_.iterations);
}

void UnitTraining::Step(int64_t step) {
  if (rounding_) rounding_->ZeroGrad();
  if (steps_) steps_->ZeroGrad();
  const torch::Tensor indices =
      draws_.Batch(step, settings_.batch, caches_.y.size(0)).to(caches_.y.device());
  const SoftUnit::Weights weights = soft_.Round(Exponent(step));
  const UnitObjective::Student student = DroppedStudent(step, weights);
  const auto rows = [&](const torch::Tensor& of) {
    return of.defined() ? SelectRows(of, indices) : of;
  };
  const torch::Tensor y = student(Input(step, indices));
  const PowerLoss output = MeanPower(y, rows(caches_.y), rows(caches_.weight), phase_.p);
  Record(step, kOutput, output.value);
  // Terms of the loss, and what each is multiplied with.
  std::vector<torch::Tensor> terms = {y}, factors = {output.gradient};
  if (objective_ != nullptr) {
    if (const torch::Tensor extra = objective_->ExtraLoss(caches_, indices, student);
        extra.defined()) {
      Record(step, "extra", extra);
      terms.push_back(extra);
      factors.push_back(torch::ones_like(extra));
    }
  }
  if (!weights.losses.empty()) {
    const torch::NoGradGuard no_grad;
    Record(step, "rounding", settings_.round_weight * torch::stack(weights.losses).sum());
  }
  for (const torch::Tensor& loss : weights.losses) {
    terms.push_back(loss);
    factors.push_back(torch::full_like(loss, settings_.round_weight));
  }
  torch::autograd::backward(terms, factors);
  for (size_t g = 0; g < step_rates_.size(); ++g) {
    steps_->SetLearningRate(g, CosineRate(step_rates_[g], static_cast<double>(step),
                                          static_cast<double>(phase_.iterations)));
  }
  if (rounding_) rounding_->Step();
  if (steps_) steps_->Step();
}

void UnitTraining::Record(int64_t step, const std::string& term, const torch::Tensor& value) {
  unread_.push_back({step, term, value.detach()});
}

double UnitTraining::ReadLosses(Curves& curves) {
  if (unread_.empty()) return output_loss_;
  std::vector<torch::Tensor> values;
  for (const Loss& loss : unread_) values.push_back(loss.value.to(torch::kFloat64));
  const torch::Tensor read = torch::stack(values).cpu();
  const auto* number = read.data_ptr<double>();
  for (const Loss& loss : unread_) {
    if (!std::isfinite(*number)) {
      FailTrial(Failure::kNonFinite, "{}: the {} loss of unit {} is {} at step {}", phase_.name,
                loss.term, unit_.name, *number, loss.step);
    }
    curves[fmt::format("{} {} {}", phase_.name, unit_.name, loss.term)].Add(*number);
    if (loss.term == kOutput) output_loss_ = *number;
    ++number;
  }
  unread_.clear();
  return output_loss_;
}

void UnitTraining::Save(CheckpointState& state) const {
  if (rounding_) rounding_->Save("rounding", state);
  if (steps_) steps_->Save("steps", state);
}

void UnitTraining::Restore(const CheckpointState& state) {
  if (rounding_) rounding_->Restore("rounding", state);
  if (steps_) steps_->Restore("steps", state);
}

}  // namespace zerosweep
