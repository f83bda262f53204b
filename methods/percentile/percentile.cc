// Percentile PTQ: min–max whose ranges leave out the outermost activations (ZeroQ's paper clips
// activations this way, its released code does not; the community rerun uses p = 0.99999).
#include <torch/types.h>

#include <cmath>
#include <utility>

#include "engine/quant/quantizer.h"

namespace zerosweep {
namespace {

// Returns the (1 − p) and p order statistics: of n sorted values the k-th smallest and k-th
// largest, with k = n + 1 − ⌈p·n⌉.
std::pair<torch::Tensor, torch::Tensor> OrderStatistics(const torch::Tensor& x, double p) {
  const torch::Tensor flat = x.flatten();
  const int64_t n = flat.numel();
  const auto upper = static_cast<int64_t>(std::ceil(p * static_cast<double>(n)));
  return {std::get<0>(flat.kthvalue(n + 1 - upper)), std::get<0>(flat.kthvalue(upper))};
}

struct PercentileSettings {
  double p = 0;  // rank of the upper order statistic, as a share
};

Params<PercentileSettings> PercentileParams() {
  return Bind(
      &PercentileSettings::p,
      {.name = "p",
       .default_value = 0.99999,
       .meaning = "upper order statistic over all calibration images; the lower one is 1 − p",
       .source = "rhhc/ZeroQ-MP (community rerun)",
       .min = 0.5,
       .max = 1});
}

Quantization Quantize(const QuantizationContext& context, const PercentileSettings& settings) {
  const torch::NoGradGuard no_grad;
  QuantizedNetwork network(context.teacher, context.setting);
  const torch::Tensor zero = torch::zeros({}, context.images.options());
  // All images in one forward, since an order statistic needs every value at once. The range always
  // contains 0.
  const auto set = [&](size_t site, const torch::Tensor& x) {
    const auto [lo, hi] = OrderStatistics(x, settings.p);
    QuantizedActivation& activation = network.activations()[site];
    activation.grid =
        MakeUniformGrid(torch::minimum(lo, zero), torch::maximum(hi, zero), activation.site.bits);
    context.progress.Report(site + 1, network.activations().size(), "tensors");
  };
  network.Forward(context.images, set);
  return {std::move(network), {}, {}};
}

const RegisterQuantizer kPercentile{
    {.name = "percentile",
     .summary = "weights per channel on minimum and maximum, activations per tensor between two "
                "order statistics",
     .paper = "ZeroQ (Cai et al., CVPR 2020), section 4",
     .revision = 1},
    PercentileParams(),
    Quantize};

}  // namespace
}  // namespace zerosweep
