#include "engine/reconstruction/reconstruction_settings.h"

#include <algorithm>
#include <cmath>

namespace zerosweep {
namespace {

constexpr double kMaxRoundingFactor = 10;  // for the rate of V; keeps the ratio between methods

// Adam moves a parameter by up to its rate in every iteration. The steps of 8-bit weights are often
// smaller than a raised rate, which then makes noise of them.
constexpr double kMostOfStep = 0.02;

}  // namespace

double RoundingExponent(const ReconstructionSettings& settings, int64_t t, int64_t total) {
  const double start = settings.warmup * static_cast<double>(total);
  const double share =
      std::clamp((static_cast<double>(t) - start) / (static_cast<double>(total) - start), 0.0, 1.0);
  return settings.b_end + (settings.b_start - settings.b_end) * (1 - share);
}

Phase ScaledRates(Phase phase) {
  if (phase.iterations == 0) return phase;
  const double fewer =
      static_cast<double>(phase.reference_iterations) / static_cast<double>(phase.iterations);
  if (fewer <= 1) return phase;
  phase.lr_rounding *= std::min(fewer, kMaxRoundingFactor);
  phase.weight_step_raise = std::sqrt(fewer);
  phase.lr_act_step *= std::sqrt(fewer);
  return phase;
}

double WeightStepRate(const Phase& phase, const torch::Tensor& steps) {
  const double most = kMostOfStep * steps.detach().median().item<double>();
  return std::max(phase.lr_weight_step,
                  std::min(phase.lr_weight_step * phase.weight_step_raise, most));
}

}  // namespace zerosweep
