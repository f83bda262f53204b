// Grids of samples, written as PNG and decoded again.
#include "engine/data/sample_grid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace zerosweep {
namespace {

const std::vector<double> kMean = {0.4, 0.5, 0.6}, kStd = {0.2, 0.25, 0.3};

Image Decoded(const torch::Tensor& images, const std::vector<double>& mean,
              const std::vector<double>& std) {
  return DecodePng(EncodePng(SampleGrid(images, mean, std)), "grid");
}

int At(const Image& image, int64_t y, int64_t x, int64_t c) {
  return image.pixels[static_cast<size_t>((y * image.width + x) * 3 + c)];
}

// The colour of a value in double precision.
int Colour(double value, double mean, double std) {
  return static_cast<int>(std::nearbyint(std::clamp(value * std + mean, 0.0, 1.0) * 255));
}

// 32 pixels are shown as 64, so that 3 images are 3 · 64 + 2 · 2 wide; every pixel is compared.
TEST(SampleGridTest, SmallImagesAreDoubledWithTheirOwnColours) {
  torch::manual_seed(1);
  const torch::Tensor images = torch::randn({3, 3, 32, 32}) * 2;  // some clipped
  const Image grid = Decoded(images, kMean, kStd);
  ASSERT_EQ(grid.width, 196);
  ASSERT_EQ(grid.height, 64);
  const auto values = images.accessor<float, 4>();
  for (int64_t x = 0; x < grid.width; ++x) {
    const int64_t image = x / 66, column = x % 66;
    for (int64_t y = 0; y < grid.height; ++y) {
      for (int64_t c = 0; c < 3; ++c) {
        const auto i = static_cast<size_t>(c);
        const int expected =
            column >= 64 ? 255 : Colour(values[image][c][y / 2][column / 2], kMean[i], kStd[i]);
        ASSERT_EQ(At(grid, y, x, c), expected) << image << ' ' << y << ' ' << x << ' ' << c;
      }
    }
  }
}

TEST(SampleGridTest, ShowsSixtyFourGreyImagesInRowsOfEight) {
  const torch::Tensor images = torch::arange(70).to(torch::kFloat32).view({70, 1, 1, 1}) / 64;
  const Image grid = Decoded(images.expand({70, 1, 28, 28}), {0.0}, {1.0});
  ASSERT_EQ(grid.width, 8 * 56 + 14);
  ASSERT_EQ(grid.height, 8 * 56 + 14);
  for (int64_t i = 0; i < 64; ++i) {
    const int64_t y = i / 8 * 58, x = i % 8 * 58;
    EXPECT_EQ(At(grid, y, x, 0), Colour(static_cast<double>(i) / 64, 0, 1)) << i;
    EXPECT_EQ(At(grid, y + 55, x + 55, 2), At(grid, y, x, 0)) << i;
  }
}

TEST(SampleGridTest, LargeImagesAreReducedAndStayBelow1024Pixels) {
  const torch::Tensor images = torch::full({64, 3, 224, 112}, 0.4);
  const Image grid = Decoded(images, {0.0, 0.0, 0.0}, {1.0, 1.0, 1.0});
  EXPECT_EQ(grid.height, 8 * 126 + 14);
  EXPECT_EQ(grid.width, 8 * 63 + 14);
  EXPECT_EQ(At(grid, 60, 30, 1), 102);
}

TEST(SampleGridTest, TheSameImagesGiveTheSameBytesAndWhatIsNoNumberIsDrawn) {
  torch::Tensor images = torch::rand({9, 3, 8, 8});
  images[0][0][0][0] = std::nanf("");
  const std::string bytes = EncodePng(SampleGrid(images, kMean, kStd));
  EXPECT_EQ(bytes, EncodePng(SampleGrid(images.clone(), kMean, kStd)));
  EXPECT_THAT(bytes, testing::Not(testing::HasSubstr("tIME")));
  EXPECT_EQ(DecodePng(bytes, "grid").pixels[0], 0);
}

TEST(SampleGridTest, RefusesWhatNoImagesCanBe) {
  const auto message = [](const torch::Tensor& images) -> std::string {
    try {
      SampleGrid(images, kMean, kStd);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInternal);
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(message({}), "a grid of samples needs images N×C×H×W");
  EXPECT_EQ(message(torch::zeros({0, 3, 8, 8})), "a grid of samples needs images N×C×H×W");
  EXPECT_EQ(message(torch::zeros({1, 4, 8, 8})),
            "a grid of samples needs 1 or 3 channels with a mean and a std each: there are 4 "
            "channels, 3 means and 3 stds");
}

}  // namespace
}  // namespace zerosweep
