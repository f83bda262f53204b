#include "engine/kernels/power_loss.h"

#include <cmath>

#include "engine/kernels/chunks.h"
#include "engine/kernels/clones.h"

namespace zerosweep {
namespace {

struct Span {
  const float *y, *target, *weight;  // weight may be null
  float* gradient;
  int64_t count;
  float p, scale;
};

// Returns the sum of the powers; the gradients are multiplied by `scale`.
ZEROSWEEP_CLONES float PowersOf(const Span& span) {
  const float* __restrict y = span.y;
  const float* __restrict target = span.target;
  float* __restrict gradient = span.gradient;
  const float p = span.p, scale = span.scale;
  float powers[kChunk];
  if (p == 2) {
    for (int64_t i = 0; i < span.count; ++i) {
      const float error = y[i] - target[i];
      powers[i] = error * error;
      gradient[i] = 2 * scale * error;
    }
  } else {
    for (int64_t i = 0; i < span.count; ++i) {
      const float error = y[i] - target[i], size = std::fabs(error), lower = powf(size, p - 1);
      powers[i] = lower * size;
      gradient[i] = error == 0 ? 0.F : p * scale * std::copysign(lower, error);
    }
  }
  if (span.weight != nullptr) {
    for (int64_t i = 0; i < span.count; ++i) {
      powers[i] *= span.weight[i];
      gradient[i] *= span.weight[i];
    }
  }
  return LaneSum(
      span.count, [&](int64_t i) __attribute__((always_inline)) { return powers[i]; });
}

PowerLoss ByOperators(const torch::Tensor& y, const torch::Tensor& target,
                      const torch::Tensor& weight, double p, double scale) {
  const torch::Tensor error = y - target, size = error.abs(), lower = size.pow(p - 1);
  torch::Tensor powers = lower * size, gradient = lower * error.sign() * (p * scale);
  if (weight.defined()) {
    powers *= weight;
    gradient *= weight;
  }
  return {powers.sum() * scale, gradient};
}

}  // namespace

PowerLoss MeanPower(const torch::Tensor& y, const torch::Tensor& target,
                    const torch::Tensor& weight, double p) {
  const torch::NoGradGuard no_grad;
  const double scale = static_cast<double>(y.size(1)) / static_cast<double>(y.numel());
  if (!y.is_cpu() || y.scalar_type() != torch::kFloat32)
    return ByOperators(y, target, weight, p, scale);
  // All in the order of the target's values, which it suggests.
  const torch::Tensor gradient = at::empty_like(target);
  const auto ordered = [&](const torch::Tensor& of) {
    const bool same = !of.defined() || of.strides() == gradient.strides();
    return same ? of : at::empty_like(gradient).copy_(of);
  };
  const torch::Tensor own_y = ordered(y), own_target = ordered(target),
                      own_weight = ordered(weight);
  const double sum = SumByChunk(y.numel(), [&](int64_t first, int64_t count) {
    const auto at = [first](const torch::Tensor& of) {
      return of.defined() ? of.mutable_data_ptr<float>() + first : nullptr;
    };
    return PowersOf({.y = at(own_y),
                     .target = at(own_target),
                     .weight = at(own_weight),
                     .gradient = at(gradient),
                     .count = count,
                     .p = static_cast<float>(p),
                     .scale = static_cast<float>(scale)});
  });
  return {torch::full({}, sum * scale, y.options()), gradient};
}

}  // namespace zerosweep
