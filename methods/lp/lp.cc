// L_p PTQ: every range is the one with the smallest error, without any learning (the layer loss of
// LAPQ, Nahshan et al. 2019, arXiv:1911.07190, with p = 2.4 as in BRECQ's released code).
#include <torch/types.h>

#include <utility>

#include "engine/quant/quantizer.h"
#include "engine/quant/range_estimation.h"

namespace zerosweep {
namespace {

Params<RangeEstimatorSettings> LpParams() {
  return {Bind(&RangeEstimatorSettings::p, {.name = "p",
                                            .default_value = 2.4,
                                            .meaning = "power of the error",
                                            .source = "BRECQ's released code, quant_layer.py",
                                            .min = 1}),
          Bind(&RangeEstimatorSettings::kind,
               {.name = "search",
                .default_value = "shrink_both",
                .meaning = "shrink_both: minimum and maximum times 1.00, 0.99, … 0.21; "
                           "width_and_zero: 100 widths × every zero point",
                .source = "BRECQ's and QDrop's released code"},
               {{"shrink_both", RangeEstimator::kShrinkBoth},
                {"width_and_zero", RangeEstimator::kWidthAndZero}})};
}

Quantization Quantize(const QuantizationContext& context, const RangeEstimatorSettings& settings) {
  const torch::NoGradGuard no_grad;
  RangeEstimatorSettings search = settings;
  search.progress = &context.progress;
  RangeEstimatorSettings weight_search = search;
  if (context.setting.protocol.symmetric_weights) weight_search.kind = RangeEstimator::kNarrow;
  QuantizedNetwork network(context.teacher, context.setting,
                           [&](const torch::Tensor& weight, int bits) {
                             return EstimateGrid(weight, bits, weight_search, /*per_channel=*/true);
                           });
  RangeEstimatorSettings act_search =
      context.setting.protocol.zero_point_free
          ? RangeEstimatorSettings{.kind = RangeEstimator::kSymmetric, .p = search.p}
          : search;
  act_search.contain_zero = context.setting.protocol.zero_in_range;
  network.Forward(context.images, [&](size_t site, const torch::Tensor& x) {
    QuantizedActivation& activation = network.activations()[site];
    activation.grid = EstimateGrid(x, activation.site.bits, act_search, /*per_channel=*/false);
    context.progress.Report(site + 1, network.activations().size(), "tensors");
  });
  return {std::move(network), {}, {}};
}

const RegisterQuantizer kLp{
    {.name = "lp",
     .summary = "ranges of weights (per channel) and activations (per tensor) that minimise the "
                "mean p-th power of the error",
     .paper = "LAPQ (Nahshan et al. 2019), its layer loss alone",
     .revision = 1},
    LpParams(),
    Quantize};

}  // namespace
}  // namespace zerosweep
