// Resizing of images exactly as Pillow does it, which is what torchvision's transforms call.
#pragma once

#include <cstdint>

#include "engine/data/image.h"

namespace zerosweep {

// A rectangle of pixels.
struct Window {
  int64_t top = 0, left = 0, height = 0, width = 0;
  bool operator==(const Window&) const = default;
};

// The part `from` of the image, resized to height × width, of which the part `keep` is returned.
// Bilinear with antialias: where the image shrinks, the triangle widens by the factor. Integer
// arithmetic with 22 fractional bits, the horizontal pass first, rounded to 8 bits between the
// passes (Pillow, src/libImaging/Resample.c), so that the bits are Pillow's. REQUIRES: both windows
// lie inside and are not empty.
Image Resample(const Image& image, const Window& from, int64_t height, int64_t width,
               const Window& keep);

// torchvision's Resize(resize) and CenterCrop(crop): the shorter side becomes `resize` pixels, the
// longer one ⌊resize · long / short⌋; the crop's corner is the half of the rest, a half rounded to
// the even number. REQUIRES: 0 < crop <= resize.
Image ResizeAndCentreCrop(const Image& image, int64_t resize, int64_t crop);

}  // namespace zerosweep
