#include "engine/data/transform.h"

#include <torch/types.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace zerosweep {
namespace {

// Copies one H×W plane shifted by (dy, dx), with zeros outside the source, mirrored if requested.
void CopyPlane(const uint8_t* from, uint8_t* to, int64_t height, int64_t width, int64_t dy,
               int64_t dx, bool mirror) {
  std::memset(to, 0, static_cast<size_t>(height * width));
  const int64_t first = std::max<int64_t>(0, -dx);
  const int64_t last = std::min(width, width - dx);
  for (int64_t y = std::max<int64_t>(0, -dy); y < std::min(height, height - dy); ++y) {
    std::memcpy(to + y * width + first, from + (y + dy) * width + first + dx,
                static_cast<size_t>(last - first));
  }
  if (!mirror) return;
  for (int64_t y = 0; y < height; ++y) std::reverse(to + y * width, to + (y + 1) * width);
}

}  // namespace

torch::Tensor Normalise(const torch::Tensor& uint8_images, const std::vector<double>& mean,
                        const std::vector<double>& std) {
  const auto channels = static_cast<size_t>(uint8_images.size(1));
  if (mean.size() != channels || std.size() != channels) {
    Fail(ErrorKind::kUsage, "normalisation: {} means and {} deviations for images of {} channels",
         mean.size(), std.size(), channels);
  }
  for (double value : std) {
    if (!(value > 0)) Fail(ErrorKind::kUsage, "normalisation: a deviation is {}", value);
  }
  const auto constants = [&](const std::vector<double>& values) {
    return torch::tensor(values, torch::kFloat64)
        .to(uint8_images.device(), torch::kFloat32)
        .view({1, -1, 1, 1});
  };
  return uint8_images.to(torch::kFloat32).div_(255).sub_(constants(mean)).div_(constants(std));
}

torch::Tensor Augment(const torch::Tensor& images, const std::vector<int64_t>& indices,
                      const Augmentation& augmentation, const RandomStreams& streams,
                      uint64_t step) {
  const int64_t channels = images.size(1), height = images.size(2), width = images.size(3);
  const int64_t padding = augmentation.padding;
  if (padding < 0 || padding >= std::min(height, width)) {
    Fail(ErrorKind::kUsage, "augmentation: a padding of {} for images of {} × {}", padding, height,
         width);
  }
  torch::Tensor batch = torch::empty_like(images);
  const uint8_t* source = images.const_data_ptr<uint8_t>();
  uint8_t* target = batch.data_ptr<uint8_t>();
  for (int64_t index : indices) {
    RandomSequence draws = streams.ForSample(step, "augment", static_cast<uint64_t>(index));
    const auto side = static_cast<uint32_t>(2 * padding + 1);
    const int64_t dy = int64_t{draws.Below(side)} - padding;
    const int64_t dx = int64_t{draws.Below(side)} - padding;
    const bool mirror = augmentation.flip && draws.Below(2) == 1;
    for (int64_t c = 0; c < channels; ++c) {
      CopyPlane(source, target, height, width, dy, dx, mirror);
      source += height * width;
      target += height * width;
    }
  }
  return batch;
}

}  // namespace zerosweep
