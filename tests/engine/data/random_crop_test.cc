// Random windows: within the image, as large as they should be, mirrored half the time.
#include "engine/data/random_crop.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace zerosweep {
namespace {

TEST(RandomCropTest, WindowsHaveTheStatedAreasAndRatios) {
  constexpr int kDraws = 2000;
  double share = 0, left = 0;
  for (uint64_t i = 0; i < kDraws; ++i) {
    RandomSequence draws = RandomStreams(1).ForSample(0, "test", i);
    const Window window = RandomWindow(300, 400, draws);
    ASSERT_GE(window.top, 0);
    ASSERT_GE(window.left, 0);
    ASSERT_LE(window.top + window.height, 300);
    ASSERT_LE(window.left + window.width, 400);
    const auto area = static_cast<double>(window.height * window.width);
    const double ratio = static_cast<double>(window.width) / static_cast<double>(window.height);
    // Sides are rounded to whole pixels, of at least 85: by half a pixel, 0.6 %.
    ASSERT_GT(area, 0.08 * 120000 * 0.98);
    ASSERT_GT(ratio, 0.75 * 0.98);
    ASSERT_LT(ratio, 4.0 / 3 * 1.02);
    share += area / 120000 / kDraws;
    left += (static_cast<double>(window.left) + window.width / 2.0) / kDraws;
  }
  // torchvision's RandomResizedCrop.get_params: 0.435 over 5000 draws. Less than the 0.54 of a
  // uniform share, since windows that do not fit are drawn again. Deviation 0.23 / √2000 = 0.005.
  EXPECT_NEAR(share, 0.435, 0.025);
  EXPECT_NEAR(left, 200, 5);
}

// A strip admits no window of the allowed ratios with 8 % of its area and more.
TEST(RandomCropTest, AStripIsCutToItsMiddle) {
  RandomSequence draws = RandomStreams(1).ForSample(0, "test", 0);
  EXPECT_EQ(RandomWindow(10, 4000, draws), (Window{0, 1993, 10, 13}));
  EXPECT_EQ(RandomWindow(4000, 10, draws), (Window{1993, 0, 13, 10}));
}

TEST(RandomCropTest, CropsAreThoseOfTheWindowMirroredOrNot) {
  const torch::Tensor images = torch::randint(256, {6, 3, 12, 12}).to(torch::kUInt8);
  const auto source = ImagesInMemory(images);
  const RandomStreams streams(5);
  const std::vector<int64_t> indices = {4, 0, 1, 2, 3, 5};
  const torch::Tensor crops = LoadRandomCrops(*source, indices, streams, 2);
  int mirrored = 0;
  for (size_t i = 0; i < indices.size(); ++i) {
    RandomSequence draws = streams.ForSample(2, "random_crop", static_cast<uint64_t>(indices[i]));
    const Window window = RandomWindow(12, 12, draws);
    const torch::Tensor planes = LoadEach({indices[i]}, {3, 12, 12}, [&](int64_t index) {
      return Resample(source->Stored(index), window, 12, 12, {0, 0, 12, 12});
    })[0];
    const torch::Tensor crop = crops[static_cast<int64_t>(i)];
    const bool flip = draws.Below(2) == 1;
    EXPECT_TRUE(torch::equal(crop, flip ? planes.flip({2}) : planes)) << i;
    mirrored += flip ? 1 : 0;
  }
  EXPECT_GT(mirrored, 0);
  EXPECT_LT(mirrored, 6);
  EXPECT_TRUE(torch::equal(LoadRandomCrops(*source, {3}, streams, 2)[0], crops[4]));
  EXPECT_FALSE(torch::equal(LoadRandomCrops(*source, indices, streams, 3), crops));
}

}  // namespace
}  // namespace zerosweep
