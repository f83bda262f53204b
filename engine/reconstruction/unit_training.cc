#include "engine/reconstruction/unit_training.h"

#include <cmath>
#include <utility>

#include "base/error.h"
#include "engine/quant/site_hooks.h"

namespace zerosweep {
namespace {

// mean over images and pixels of Σ_channels weight·|y − t|^p; `weight` may be undefined.
torch::Tensor OutputLoss(const torch::Tensor& y, const torch::Tensor& target,
                         const torch::Tensor& weight, double p) {
  const torch::Tensor error = y - target;
  torch::Tensor powers = p == 2 ? error.square() : error.abs().pow(p);
  if (weight.defined()) powers = powers * weight;
  return powers.sum() * (static_cast<double>(y.size(1)) / static_cast<double>(y.numel()));
}

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
        phase, unit, [&soft](const torch::Tensor& x) { return soft.Forward(x); }, caches_);
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
  add(soft.WeightSteps(), phase.lr_weight_step);
  add(soft.ActSteps(), phase.lr_act_step);
  add(soft.Borders(), phase.lr_border);
  if (!groups.empty()) steps_.emplace(std::move(groups), AdamSettings{});
}

// The unit's input for a batch, under drop.
torch::Tensor UnitTraining::Input(int64_t step, const torch::Tensor& indices) const {
  const torch::Tensor x = caches_.x_q.index_select(0, indices);
  if (phase_.keep_quantized >= 1 || phase_.fp_inputs) return x;
  const torch::Tensor keep = draws_.Keep(step, "input", kEveryReader, x);
  return torch::where(keep.to(torch::kBool), x, caches_.x_fp.index_select(0, indices));
}

// Returns a function that runs the soft unit under drop, each time with new draws.
UnitObjective::Student UnitTraining::DroppedStudent(int64_t step) const {
  return [this, step, forwards = 0](const torch::Tensor& input) mutable {
    SoftUnit::Keep keep;
    if (phase_.keep_quantized < 1) {
      keep = [this, step, forward = forwards](size_t i, int reader, const torch::Tensor& tensor) {
        return draws_.Keep(step, fmt::format("site{}.{}", i, forward), reader, tensor);
      };
    }
    ++forwards;
    return soft_.Forward(input, keep);
  };
}

double UnitTraining::Step(int64_t step, Curves& curves) {
  if (rounding_) rounding_->ZeroGrad();
  if (steps_) steps_->ZeroGrad();
  const torch::Tensor indices =
      draws_.Batch(step, settings_.batch, caches_.y.size(0)).to(caches_.y.device());
  const UnitObjective::Student student = DroppedStudent(step);
  const torch::Tensor weight =
      caches_.weight.defined() ? caches_.weight.index_select(0, indices) : torch::Tensor();
  torch::Tensor loss = OutputLoss(student(Input(step, indices)), caches_.y.index_select(0, indices),
                                  weight, phase_.p);
  const double output_loss = Record(step, "output", loss, curves);
  const torch::Tensor extra =
      objective_ != nullptr ? objective_->ExtraLoss(caches_, indices, student) : torch::Tensor();
  if (extra.defined()) {
    Record(step, "extra", extra, curves);
    loss = loss + extra;
  }
  // All released codes count steps from 1.
  const int64_t count = step + 1;
  const bool warm =
      static_cast<double>(count) < settings_.warmup * static_cast<double>(phase_.iterations);
  if (rounding_ && !warm) {
    const torch::Tensor rounding =
        settings_.round_weight *
        soft_.RoundingLoss(RoundingExponent(settings_, count, phase_.iterations));
    Record(step, "rounding", rounding, curves);
    loss = loss + rounding;
  }
  loss.backward();
  for (size_t g = 0; g < step_rates_.size(); ++g) {
    steps_->SetLearningRate(g, CosineRate(step_rates_[g], static_cast<double>(step),
                                          static_cast<double>(phase_.iterations)));
  }
  if (rounding_) rounding_->Step();
  if (steps_) steps_->Step();
  return output_loss;
}

double UnitTraining::Record(int64_t step, const std::string& term, const torch::Tensor& value,
                            Curves& curves) const {
  const double number = value.item<double>();
  if (!std::isfinite(number)) {
    FailTrial(Failure::kNonFinite, "{}: the {} loss of unit {} is {} at step {}", phase_.name, term,
              unit_.name, number, step);
  }
  curves[fmt::format("{} {} {}", phase_.name, unit_.name, term)].Add(number);
  return number;
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
