#include "engine/reconstruction/soft_weight.h"

#include "engine/quant/range_estimation.h"

namespace zerosweep {
namespace {

constexpr double kZeta = 1.1;
constexpr double kGamma = -0.1;

}  // namespace

torch::Tensor RectifiedSigmoid(const torch::Tensor& v) {
  return torch::clamp(torch::sigmoid(v) * (kZeta - kGamma) + kGamma, 0, 1);
}

torch::Tensor RoundingLogits(const torch::Tensor& fraction) {
  return -torch::log((kZeta - kGamma) / (fraction - kGamma) - 1);
}

SoftWeight::SoftWeight(const torch::Tensor& weight, const UniformGrid& grid, bool learn_step)
    : bits_(grid.bits) {
  const torch::NoGradGuard no_grad;
  step_ = AlongChannels(StepOf(grid), weight).clone();
  zero_point_ = AlongChannels(ZeroPointOf(grid), weight).clone();
  const torch::Tensor ratio = weight.detach() / step_;
  base_ = torch::floor(ratio);
  v_ = RoundingLogits(ratio - base_);
  v_.set_requires_grad(true);
  step_.set_requires_grad(learn_step);
}

torch::Tensor SoftWeight::Soft() const {
  const torch::Tensor q =
      torch::clamp(base_ + RectifiedSigmoid(v_) + zero_point_, 0, (1 << bits_) - 1);
  return step_ * (q - zero_point_);
}

QuantizedWeight SoftWeight::Harden() const {
  const torch::NoGradGuard no_grad;
  const torch::Tensor up = (v_ >= 0).to(base_.scalar_type());
  const torch::Tensor q = torch::clamp(base_ + up + zero_point_, 0, (1 << bits_) - 1);
  QuantizedWeight hard;
  hard.codes = (q - static_cast<double>(1 << (bits_ - 1))).to(torch::kInt8).contiguous();
  hard.grid = GridFromStep(step_.detach().flatten(), zero_point_.flatten(), bits_);
  return hard;
}

torch::Tensor SoftWeight::RoundingLoss(double b) const {
  return (1 - (2 * RectifiedSigmoid(v_) - 1).abs().pow(b)).sum();
}

int64_t SoftWeight::SoftCount() const {
  const torch::NoGradGuard no_grad;
  const torch::Tensor h = RectifiedSigmoid(v_);
  return torch::logical_and(h > 0.01, h < 0.99).sum().item<int64_t>();
}

}  // namespace zerosweep
