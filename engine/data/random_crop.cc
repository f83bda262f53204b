#include "engine/data/random_crop.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>

namespace zerosweep {
namespace {

constexpr double kNarrowest = 3.0 / 4, kWidest = 4.0 / 3;  // width : height
constexpr int kTries = 10;

void Mirror(Image& image) {
  for (int64_t y = 0; y < image.height; ++y) {
    uint8_t* row = image.pixels.data() + y * image.width * image.channels;
    for (int64_t left = 0, right = image.width - 1; left < right; ++left, --right) {
      std::swap_ranges(row + left * image.channels, row + (left + 1) * image.channels,
                       row + right * image.channels);
    }
  }
}

}  // namespace

Window RandomWindow(int64_t height, int64_t width, RandomSequence& draws, double smallest_share) {
  const double h = static_cast<double>(height), w = static_cast<double>(width);
  for (int i = 0; i < kTries; ++i) {
    const double area = h * w * (smallest_share + (1 - smallest_share) * draws.Uniform());
    const double ratio = kNarrowest * std::pow(kWidest / kNarrowest, draws.Uniform());
    const auto cut_width = static_cast<int64_t>(std::nearbyint(std::sqrt(area * ratio)));
    const auto cut_height = static_cast<int64_t>(std::nearbyint(std::sqrt(area / ratio)));
    if (cut_width < 1 || cut_width > width || cut_height < 1 || cut_height > height) continue;
    const int64_t top = draws.Below(static_cast<uint32_t>(height - cut_height + 1));
    const int64_t left = draws.Below(static_cast<uint32_t>(width - cut_width + 1));
    return {top, left, cut_height, cut_width};
  }
  const auto rounded = [](double side) {
    return std::max<int64_t>(1, static_cast<int64_t>(std::nearbyint(side)));
  };
  const int64_t cut_width = w / h > kWidest ? rounded(h * kWidest) : width;
  const int64_t cut_height = w / h < kNarrowest ? rounded(w / kNarrowest) : height;
  return {(height - cut_height) / 2, (width - cut_width) / 2, cut_height, cut_width};
}

torch::Tensor LoadRandomCrops(const ImageSource& source, const std::vector<int64_t>& indices,
                              const RandomStreams& streams, uint64_t step, double smallest_share) {
  const std::vector<int64_t> shape = source.shape();
  return LoadEach(indices, shape, [&](int64_t index) {
    RandomSequence draws = streams.ForSample(step, "random_crop", static_cast<uint64_t>(index));
    const Image stored = source.Stored(index);
    const Window window = RandomWindow(stored.height, stored.width, draws, smallest_share);
    Image image = Resample(stored, window, shape[1], shape[2], {0, 0, shape[1], shape[2]});
    if (draws.Below(2) == 1) Mirror(image);
    return image;
  });
}

}  // namespace zerosweep
