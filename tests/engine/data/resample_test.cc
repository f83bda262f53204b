// Decoding and resizing against torchvision on Pillow images: tests/golden/make_image_folder.py.
#include "engine/data/resample.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/files.h"
#include "base/json.h"

namespace zerosweep {
namespace {

std::filesystem::path Golden() {
  const char* source = std::getenv("ZEROSWEEP_SOURCE");
  return std::filesystem::path(source == nullptr ? "." : source) / "tests/golden/image_folder";
}

struct Difference {
  double mean = 0;
  int most = 0;
};

Difference Compare(const Image& a, const Image& b) {
  EXPECT_EQ(a.height, b.height);
  EXPECT_EQ(a.width, b.width);
  EXPECT_EQ(a.pixels.size(), b.pixels.size());
  Difference difference;
  for (size_t i = 0; i < std::min(a.pixels.size(), b.pixels.size()); ++i) {
    const int distance = std::abs(int{a.pixels[i]} - int{b.pixels[i]});
    difference.mean += distance / static_cast<double>(a.pixels.size());
    difference.most = std::max(difference.most, distance);
  }
  return difference;
}

Image Transformed(const Json& test) {
  const Image image = ReadImage(Golden() / test.at("file").get<std::string>());
  const int64_t crop = test.at("crop");
  if (!test.contains("window")) return ResizeAndCentreCrop(image, test.at("resize"), crop);
  const Json& window = test["window"];
  return Resample(image, {window[0], window[1], window[2], window[3]}, crop, crop,
                  {0, 0, crop, crop});
}

// The arithmetic of resizing is Pillow's, so that lossless files give its bits. Of JPEG the
// libraries' versions may round a sample otherwise.
TEST(ResampleTest, EqualsTorchvisionOnEveryKindOfFile) {
  const Json cases = ParseJson(ReadFile(Golden() / "cases.json"), "cases.json");
  EXPECT_GE(cases.size(), 14U);
  for (const Json& test : cases) {
    const auto file = test.at("file").get<std::string>();
    const Image expected = ReadImage(Golden() / test.at("expected").get<std::string>());
    const Difference difference = Compare(Transformed(test), expected);
    if (file.ends_with(".jpg")) {
      EXPECT_LE(difference.mean, 0.05) << file;
      EXPECT_LE(difference.most, 3) << file;
    } else {
      EXPECT_EQ(difference.most, 0) << file;
    }
  }
}

TEST(ResampleTest, TheSameSizeIsTheSameImage) {
  Image image{3, 4, 3, {}};
  for (int i = 0; i < 36; ++i) image.pixels.push_back(static_cast<uint8_t>(7 * i));
  EXPECT_EQ(Resample(image, {0, 0, 3, 4}, 3, 4, {0, 0, 3, 4}).pixels, image.pixels);
  // The part kept is that part of the whole.
  const Image whole = Resample(image, {0, 0, 3, 4}, 9, 6, {0, 0, 9, 6});
  const Image part = Resample(image, {0, 0, 3, 4}, 9, 6, {4, 1, 2, 5});
  for (int64_t y = 0; y < 2; ++y) {
    for (int64_t x = 0; x < 5; ++x) {
      for (int64_t c = 0; c < 3; ++c) {
        EXPECT_EQ(part.pixels[static_cast<size_t>((y * 5 + x) * 3 + c)],
                  whole.pixels[static_cast<size_t>(((y + 4) * 6 + x + 1) * 3 + c)]);
      }
    }
  }
}

// Halving a row of four under a triangle of base four pixels: weights 3/8, 3/8 and, where there is
// a neighbour, 1/8, normalised.
TEST(ResampleTest, ShrinkingAveragesWithATriangle) {
  const Image row{1, 4, 1, {0, 80, 160, 240}};
  const Image half = Resample(row, {0, 0, 1, 4}, 1, 2, {0, 0, 1, 2});
  EXPECT_EQ(half.pixels[0], std::lround((3 * 0 + 3 * 80 + 160) / 7.0));
  EXPECT_EQ(half.pixels[1], std::lround((80 + 3 * 160 + 3 * 240) / 7.0));
}

}  // namespace
}  // namespace zerosweep
