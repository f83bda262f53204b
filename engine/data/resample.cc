#include "engine/data/resample.h"

#include <algorithm>
#include <cmath>

namespace zerosweep {
namespace {

constexpr int kFractionBits = 22;

// For every output pixel of one axis, its input pixels and their weights.
struct Taps {
  struct Span {
    int64_t first = 0, count = 0;
  };
  int64_t most = 0;  // stride of the weights, an upper bound of span counts
  std::vector<Span> spans;
  std::vector<int32_t> weights;  // in units of 2^-22
};

// For output pixels [begin, end) when `in` input pixels become `out` output pixels.
Taps MakeTaps(int64_t in, int64_t out, int64_t begin, int64_t end) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double reach = std::max(scale, 1.0);  // half the base of the triangle
  Taps taps;
  taps.most = 2 * static_cast<int64_t>(std::ceil(reach)) + 1;
  taps.weights.assign(static_cast<size_t>((end - begin) * taps.most), 0);
  std::vector<double> weights;
  for (int64_t x = begin; x < end; ++x) {
    const double centre = (static_cast<double>(x) + 0.5) * scale;
    const int64_t first = std::max<int64_t>(0, static_cast<int64_t>(centre - reach + 0.5));
    const int64_t last = std::min(in, static_cast<int64_t>(centre + reach + 0.5));
    weights.clear();
    double sum = 0;
    for (int64_t i = first; i < last; ++i) {
      const double distance = std::abs((static_cast<double>(i) - centre + 0.5) / reach);
      weights.push_back(std::max(0.0, 1.0 - distance));
      sum += weights.back();
    }
    int32_t* target = taps.weights.data() + (x - begin) * taps.most;
    for (const double weight : weights) {
      *target++ = static_cast<int32_t>(std::floor(0.5 + weight / sum * (1 << kFractionBits)));
    }
    taps.spans.push_back({first, last - first});
  }
  return taps;
}

uint8_t Rounded(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kFractionBits, 0, 255));
}

constexpr int32_t kHalf = 1 << (kFractionBits - 1);

// Resamples one row of interleaved channels.
void ResampleRow(const uint8_t* from, const Taps& taps, int64_t channels, uint8_t* to) {
  for (size_t x = 0; x < taps.spans.size(); ++x) {
    const auto [first, count] = taps.spans[x];
    const int32_t* weights = taps.weights.data() + static_cast<int64_t>(x) * taps.most;
    for (int64_t c = 0; c < channels; ++c) {
      int32_t sum = kHalf;
      const uint8_t* source = from + first * channels + c;
      for (int64_t i = 0; i < count; ++i) sum += weights[i] * source[i * channels];
      *to++ = Rounded(sum);
    }
  }
}

// Computes row `y` of the result from rows of `stride` bytes.
void ResampleColumns(const uint8_t* rows, int64_t stride, const Taps& taps, size_t y, uint8_t* to,
                     std::vector<int32_t>& sums) {
  const auto [first, count] = taps.spans[y];
  const int32_t* weights = taps.weights.data() + static_cast<int64_t>(y) * taps.most;
  sums.assign(static_cast<size_t>(stride), kHalf);
  for (int64_t i = 0; i < count; ++i) {
    const uint8_t* row = rows + (first + i) * stride;
    for (int64_t b = 0; b < stride; ++b) sums[b] += weights[i] * row[b];
  }
  for (int64_t b = 0; b < stride; ++b) to[b] = Rounded(sums[b]);
}

}  // namespace

Image Resample(const Image& image, const Window& from, int64_t height, int64_t width,
               const Window& keep) {
  const Taps columns = MakeTaps(from.width, width, keep.left, keep.left + keep.width);
  Taps rows = MakeTaps(from.height, height, keep.top, keep.top + keep.height);
  // Only the input rows that the kept output rows need.
  const int64_t first = rows.spans.front().first;
  const int64_t last = rows.spans.back().first + rows.spans.back().count;
  const int64_t stride = keep.width * image.channels;
  std::vector<uint8_t> middle(static_cast<size_t>((last - first) * stride));
  for (int64_t y = first; y < last; ++y) {
    const uint8_t* source =
        image.pixels.data() + ((from.top + y) * image.width + from.left) * image.channels;
    ResampleRow(source, columns, image.channels, middle.data() + (y - first) * stride);
  }
  for (Taps::Span& span : rows.spans) span.first -= first;
  Image result{keep.height, keep.width, image.channels, {}};
  result.pixels.resize(static_cast<size_t>(keep.height * stride));
  std::vector<int32_t> sums;
  for (int64_t y = 0; y < keep.height; ++y) {
    ResampleColumns(middle.data(), stride, rows, static_cast<size_t>(y),
                    result.pixels.data() + y * stride, sums);
  }
  return result;
}

Image ResizeAndCentreCrop(const Image& image, int64_t resize, int64_t crop) {
  const int64_t shorter = std::min(image.height, image.width);
  const auto scaled = [&](int64_t side) {
    return side == shorter ? resize : resize * side / shorter;
  };
  const int64_t height = scaled(image.height), width = scaled(image.width);
  // nearbyint rounds halves to even, as Python's round() does.
  const auto corner = [&](int64_t side) {
    return static_cast<int64_t>(std::nearbyint(static_cast<double>(side - crop) / 2));
  };
  return Resample(image, {0, 0, image.height, image.width}, height, width,
                  {corner(height), corner(width), crop, crop});
}

}  // namespace zerosweep
