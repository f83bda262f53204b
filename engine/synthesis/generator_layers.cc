#include "engine/synthesis/generator_layers.h"

namespace zerosweep {

int64_t SeedSide(int64_t side) { return (side + 3) / 4; }

torch::Tensor CentreCrop(const torch::Tensor& x, int64_t height, int64_t width) {
  if (x.size(2) == height && x.size(3) == width) return x;
  return x.narrow(2, (x.size(2) - height) / 2, height)
      .narrow(3, (x.size(3) - width) / 2, width)
      .contiguous(torch::MemoryFormat::ChannelsLast);
}

torch::Tensor TwiceAsLarge(const torch::Tensor& x) {
  return torch::upsample_nearest2d(x, {x.size(2) * 2, x.size(3) * 2});
}

torch::Tensor SeedMaps(const torch::Tensor& inputs, const torch::Tensor& weight,
                       const torch::Tensor& bias, int64_t height, int64_t width) {
  return torch::linear(inputs, weight, bias)
      .view({inputs.size(0), height, width, bias.size(0) / (height * width)})
      .permute({0, 3, 1, 2});
}

}  // namespace zerosweep
