#include "engine/reconstruction/soft_weight.h"

#include "engine/quant/range_estimation.h"

namespace zerosweep {

torch::Tensor RoundingLogits(const torch::Tensor& fraction) {
  return -torch::log((kZeta - kGamma) / (fraction - kGamma) - 1);
}

SoftWeight::SoftWeight(const torch::Tensor& weight, const UniformGrid& grid, bool learn_step)
    : bits_(grid.bits), narrow_(grid.narrow) {
  const torch::NoGradGuard no_grad;
  step_ = AlongChannels(StepOf(grid), weight).clone();
  const torch::Tensor ratio = weight.detach() / step_;
  rounding_ = {.base = torch::floor(ratio),
               .zero_point = AlongChannels(ZeroPointOf(grid), weight).clone(),
               .most = grid.high() - grid.low()};
  v_ = RoundingLogits(ratio - rounding_.base);
  v_.set_requires_grad(true);
  step_.set_requires_grad(learn_step);
}

QuantizedWeight SoftWeight::Harden() const {
  const torch::NoGradGuard no_grad;
  const torch::Tensor up = (v_ >= 0).to(rounding_.base.scalar_type());
  const torch::Tensor q =
      torch::clamp(rounding_.base + up + rounding_.zero_point, 0, rounding_.most);
  QuantizedWeight hard;
  hard.grid =
      GridFromStep(step_.detach().flatten(), rounding_.zero_point.flatten(), bits_, narrow_);
  hard.codes = (q + static_cast<double>(hard.grid.low())).to(torch::kInt8).contiguous();
  return hard;
}

int64_t SoftWeight::SoftCount() const {
  const torch::NoGradGuard no_grad;
  // h is in (0.01, 0.99) where V lies between its inverses.
  const torch::Tensor bounds =
      RoundingLogits(torch::tensor({0.01, 0.99}, v_.options().requires_grad(false)));
  return torch::logical_and(v_ > bounds[0], v_ < bounds[1]).sum().item<int64_t>();
}

}  // namespace zerosweep
