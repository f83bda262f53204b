// Min–max PTQ as in ZeroQ's released code (quantization_utils/quant_modules.py): weights per output
// channel, activations per tensor on the running minimum and maximum of batches. DSG's released
// code instead takes the mean over images of each image's own minimum and maximum (there called
// "ema").
#include <torch/types.h>

#include <utility>
#include <vector>

#include "engine/quant/quantizer.h"

namespace zerosweep {
namespace {

struct MinMaxSettings {
  int64_t batch = 0;        // images per forward
  bool image_mean = false;  // ends are means over images of each image's extremes
};

Params<MinMaxSettings> MinMaxParams() {
  return {Bind(&MinMaxSettings::batch,
               {.name = "batch",
                .default_value = 256,
                .meaning = "images in one calibration forward; ranges run over the forwards",
                .unit = "images",
                .source = "one forward of the whole distilled batch in the authors' code",
                .min = 1}),
          Bind(&MinMaxSettings::image_mean,
               {.name = "extremes",
                .default_value = "batch",
                .meaning = "minimum and maximum of a forward: of all its values, or the means over "
                           "images of each image's own",
                .source = "batch: ZeroQ's code; image_mean: extended DSG's code, \"ema\""},
               {{"batch", false}, {"image_mean", true}})};
}

// Ends of one batch's range.
struct Range {
  torch::Tensor lo, hi;
};

Range RangeOf(const torch::Tensor& x, bool image_mean) {
  if (!image_mean) return {x.min(), x.max()};
  const torch::Tensor images = x.flatten(1);
  return {images.amin(1).mean(), images.amax(1).mean()};
}

Quantization Quantize(const QuantizationContext& context, const MinMaxSettings& settings) {
  const torch::NoGradGuard no_grad;
  QuantizedNetwork network(context.teacher, context.setting);
  // Both begin at 0 (released code), so that every range contains 0.
  const torch::Tensor zero = torch::zeros({}, context.images.options());
  std::vector<Range> ranges(network.activations().size(), {zero, zero});
  // The range grows before the tensor is quantized, in the same forward, so deeper ranges see
  // quantized tensors.
  const auto widen = [&](size_t site, const torch::Tensor& x) {
    Range& range = ranges[site];
    const Range seen = RangeOf(x, settings.image_mean);
    range = {torch::minimum(range.lo, seen.lo), torch::maximum(range.hi, seen.hi)};
    QuantizedActivation& activation = network.activations()[site];
    activation.grid = MakeUniformGrid(range.lo, range.hi, activation.site.bits);
  };
  const int64_t total = context.images.size(0);
  for (int64_t first = 0; first < total; first += settings.batch) {
    const int64_t end = std::min(first + settings.batch, total);
    network.Forward(context.images.slice(0, first, end), widen);
    context.progress.Report(end, total, "images");
  }
  return {std::move(network), {}, {}};
}

const RegisterQuantizer kMinMax{
    {.name = "minmax",
     .summary =
         "weights per channel, activations per tensor, ranges from the running minimum and maximum",
     .paper = "ZeroQ (Cai et al., CVPR 2020), released code",
     .revision = 1},
    MinMaxParams(),
    Quantize};

}  // namespace
}  // namespace zerosweep
