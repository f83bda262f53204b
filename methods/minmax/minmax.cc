// Min–max PTQ as in ZeroQ's released code (quantization_utils/quant_modules.py): weights per output
// channel, activations per tensor on the running minimum and maximum. DSG's released code takes the
// mean over images of each image's own instead of a batch's (there called "ema").
#include <torch/types.h>

#include <utility>
#include <vector>

#include "engine/quant/quantizer.h"

namespace zerosweep {
namespace {

// Ends of one batch's range.
struct Range {
  torch::Tensor lo, hi;
};

Range RangeOf(const torch::Tensor& x, bool image_mean) {
  if (!image_mean) return {x.min(), x.max()};
  const torch::Tensor images = x.flatten(1);
  return {images.amin(1).mean(), images.amax(1).mean()};
}

Quantization Quantize(const QuantizationContext& context) {
  const torch::NoGradGuard no_grad;
  QuantizedNetwork network(context.teacher, context.protocol, context.fold_batch_norms,
                           context.w_bits, context.a_bits);
  // Both begin at 0 (released code), so that every range contains it.
  const torch::Tensor zero = torch::zeros({}, context.images.options());
  std::vector<Range> ranges(network.activations().size(), {zero, zero});
  // The range grows before the tensor is quantized, in the same forward: deeper ranges see
  // quantized tensors.
  const bool image_mean = context.params.at("extremes") == "image_mean";
  const auto widen = [&](size_t site, const torch::Tensor& x) {
    Range& range = ranges[site];
    const Range seen = RangeOf(x, image_mean);
    range = {torch::minimum(range.lo, seen.lo), torch::maximum(range.hi, seen.hi)};
    QuantizedActivation& activation = network.activations()[site];
    activation.grid = MakeUniformGrid(range.lo, range.hi, activation.site.bits);
  };
  const int64_t total = context.images.size(0);
  const int64_t batch = context.params.at("batch");
  for (int64_t first = 0; first < total; first += batch) {
    network.Forward(context.images.slice(0, first, std::min(first + batch, total)), widen);
    context.progress.Report(static_cast<double>(std::min(first + batch, total)),
                            static_cast<double>(total), "images");
  }
  return {std::move(network), {}, {}};
}

const RegisterQuantizer kMinMax{
    {.name = "minmax",
     .summary =
         "weights per channel, activations per tensor, ranges from the running minimum and maximum",
     .paper = "ZeroQ (Cai et al., CVPR 2020), released code",
     .revision = 1,
     .params = {{.name = "batch",
                 .type = ParamType::kInt,
                 .default_value = 256,
                 .meaning = "images in one calibration forward; ranges run over the forwards",
                 .unit = "images",
                 .source = "one forward of the whole distilled batch in the authors' code",
                 .min = 1},
                {.name = "extremes",
                 .type = ParamType::kChoice,
                 .default_value = "batch",
                 .meaning =
                     "minimum and maximum of a forward: of all its values, or the means over "
                     "images of each image's own",
                 .source = "batch: ZeroQ's code; image_mean: extended DSG's code, \"ema\"",
                 .choices = {"batch", "image_mean"}}}},
    Quantize};

}  // namespace
}  // namespace zerosweep
