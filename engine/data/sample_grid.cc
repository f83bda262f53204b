#include "engine/data/sample_grid.h"

#include <algorithm>

#include "base/error.h"
#include "engine/data/resample.h"

namespace zerosweep {
namespace {

constexpr int64_t kColumns = 8, kMaxImages = 64;
constexpr int64_t kGap = 2;            // pixels between two images
constexpr int64_t kEnlargeUpTo = 64;   // pixels, longer side
constexpr int64_t kLargestSide = 126;  // 8 · 126 + 7 · 2 = 1022
constexpr uint8_t kBackground = 255;

void Check(const torch::Tensor& images, size_t means, size_t stds) {
  if (!images.defined() || images.dim() != 4 || images.numel() == 0) {
    Fail(ErrorKind::kInternal, "a grid of samples needs images N×C×H×W");
  }
  const int64_t channels = images.size(1);
  const auto given = static_cast<size_t>(channels);
  if ((channels != 1 && channels != 3) || means != given || stds != given) {
    Fail(ErrorKind::kInternal,
         "a grid of samples needs 1 or 3 channels with a mean and a std each: there are {} "
         "channels, {} means and {} stds",
         channels, means, stds);
  }
}

// Returns colours 0 … 255: uint8 N×H×W×C on the CPU.
torch::Tensor Colours(const torch::Tensor& images, const std::vector<double>& mean,
                      const std::vector<double>& std) {
  const auto channel = [](const std::vector<double>& values) {
    return torch::tensor(values, torch::kFloat64).view({1, -1, 1, 1});
  };
  const torch::Tensor shares =
      images.detach().to(torch::kCPU, torch::kFloat64) * channel(std) + channel(mean);
  // NaN becomes 0, since its conversion would be undefined.
  return (shares.nan_to_num(0).clamp(0, 1) * 255)
      .round()
      .to(torch::kUInt8)
      .permute({0, 2, 3, 1})
      .contiguous();
}

// colours: H×W×C.
Image Tile(const torch::Tensor& colours) {
  const int64_t longer = std::max(colours.size(0), colours.size(1));
  const int64_t factor = std::max<int64_t>(kEnlargeUpTo / longer, 1);
  const torch::Tensor enlarged =
      colours.repeat_interleave(factor, 0).repeat_interleave(factor, 1).contiguous();
  Image tile{enlarged.size(0), enlarged.size(1), enlarged.size(2), {}};
  tile.pixels.assign(enlarged.const_data_ptr<uint8_t>(),
                     enlarged.const_data_ptr<uint8_t>() + enlarged.numel());
  if (longer <= kLargestSide) return tile;
  const auto reduced = [longer](int64_t side) {
    return std::max<int64_t>(side * kLargestSide / longer, 1);
  };
  const int64_t height = reduced(tile.height), width = reduced(tile.width);
  return Resample(tile, {0, 0, tile.height, tile.width}, height, width, {0, 0, height, width});
}

void Paste(const Image& tile, int64_t top, int64_t left, Image& grid) {
  for (int64_t y = 0; y < tile.height; ++y) {
    std::copy_n(tile.pixels.begin() + y * tile.width * tile.channels, tile.width * tile.channels,
                grid.pixels.begin() + ((top + y) * grid.width + left) * grid.channels);
  }
}

}  // namespace

Image SampleGrid(const torch::Tensor& images, const std::vector<double>& mean,
                 const std::vector<double>& std) {
  Check(images, mean.size(), std.size());
  const int64_t count = std::min(images.size(0), kMaxImages);
  const torch::Tensor colours = Colours(images.slice(0, 0, count), mean, std);
  const int64_t columns = std::min(count, kColumns), rows = (count + kColumns - 1) / kColumns;
  Image grid;
  for (int64_t i = 0; i < count; ++i) {
    const Image tile = Tile(colours[i]);
    const int64_t row_step = tile.height + kGap, column_step = tile.width + kGap;
    if (i == 0) {
      grid = {rows * row_step - kGap, columns * column_step - kGap, tile.channels, {}};
      grid.pixels.assign(static_cast<size_t>(grid.height * grid.width * grid.channels),
                         kBackground);
    }
    Paste(tile, i / kColumns * row_step, i % kColumns * column_step, grid);
  }
  return grid;
}

}  // namespace zerosweep
