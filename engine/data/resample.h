// Resizing of images exactly as in Pillow, which torchvision's transforms use.
#pragma once

#include <cstdint>

#include "engine/data/image.h"

namespace zerosweep {

// A rectangle of pixels.
struct Window {
  int64_t top = 0, left = 0, height = 0, width = 0;
  bool operator==(const Window&) const = default;
};

// Resizes the part `from` of the image to height × width and returns the part `keep` of the result.
// Bilinear with antialiasing: where the image shrinks, the triangle widens by the same factor.
// Integer arithmetic with 22 fractional bits, the horizontal pass first, with rounding to 8 bits
// between the passes (Pillow, src/libImaging/Resample.c), so that the bits equal Pillow's.
// REQUIRES: both windows lie inside and are not empty.
Image Resample(const Image& image, const Window& from, int64_t height, int64_t width,
               const Window& keep);

// torchvision's Resize(resize) and CenterCrop(crop). The shorter side becomes `resize` pixels, the
// longer one ⌊resize · long / short⌋. The crop begins at half of the remaining pixels, with halves
// rounded to even. REQUIRES: 0 < crop <= resize.
Image ResizeAndCentreCrop(const Image& image, int64_t resize, int64_t crop);

}  // namespace zerosweep
