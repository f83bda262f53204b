#include "engine/kernels/maps.h"

#include <numeric>

namespace zerosweep {
namespace {

bool WholeImages(const torch::Tensor& x) {
  return x.dim() == 2 || x.suggest_memory_format() == at::MemoryFormat::ChannelsLast;
}

// Values of one channel of one image.
int64_t Pixels(const torch::Tensor& x) {
  int64_t pixels = 1;
  for (int64_t d = 2; d < x.dim(); ++d) pixels *= x.size(d);
  return pixels;
}

}  // namespace

MapShape::MapShape(int64_t pixels, int64_t channels)
    : pixels(pixels),
      channels(channels),
      row(std::lcm(channels, kLanes)),
      rows(pixels * channels / row) {}

std::vector<float> MapShape::Along(const float* values) const {
  std::vector<float> along(values, values + channels);
  along.resize(static_cast<size_t>(row));
  for (auto i = static_cast<size_t>(channels); i < along.size(); ++i)
    along[i] = along[i - static_cast<size_t>(channels)];
  return along;
}

Maps::Maps(const torch::Tensor& x)
    : format_(x.suggest_memory_format()),
      planes_(WholeImages(x) ? 1 : x.size(1)),
      count_(x.size(0) * planes_),
      shape_(Pixels(x), x.size(1) / planes_) {}

torch::Tensor Dense(const torch::Tensor& x) { return x.contiguous(x.suggest_memory_format()); }

}  // namespace zerosweep
