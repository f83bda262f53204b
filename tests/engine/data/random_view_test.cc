// Views of image tensors, against LibTorch's own cropping, resizing and mirroring.
#include "engine/data/random_view.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "engine/data/random_crop.h"

namespace zerosweep {
namespace {

// One image after another by narrow, interpolate and flip.
torch::Tensor Reference(const torch::Tensor& x, const std::vector<View>& views) {
  std::vector<torch::Tensor> seen;
  for (size_t i = 0; i < views.size(); ++i) {
    const Window& window = views[i].window;
    const torch::Tensor part = x.slice(0, static_cast<int64_t>(i), static_cast<int64_t>(i) + 1)
                                   .narrow(2, window.top, window.height)
                                   .narrow(3, window.left, window.width);
    const torch::Tensor resized =
        at::upsample_bilinear2d(part, {x.size(2), x.size(3)}, /*align_corners=*/false);
    seen.push_back(views[i].mirrored ? resized.flip({3}) : resized);
  }
  return torch::cat(seen);
}

std::vector<View> SomeViews(int64_t height, int64_t width, int count) {
  std::vector<View> views = {{{0, 0, height, width}}, {{height - 1, 0, 1, 1}, true}};
  while (static_cast<int>(views.size()) < count) {
    RandomSequence draws = RandomStreams(3).ForSample(0, "test", views.size());
    views.push_back(RandomView(height, width, 0.2, 0.5, draws));
  }
  return views;
}

TEST(RandomViewTest, ViewsAndTheirGradientsAreThoseOfCropResizeAndFlip) {
  torch::manual_seed(2);
  const std::vector<View> views = SomeViews(12, 17, 10);
  torch::Tensor x = torch::randn({10, 3, 12, 17}, torch::kFloat64).set_requires_grad(true);
  torch::Tensor same = x.detach().clone().set_requires_grad(true);
  const torch::Tensor ours = ResizedViews(x, views), theirs = Reference(same, views);
  const torch::Tensor weights = torch::randn_like(ours);
  (ours * weights).sum().backward();
  (theirs * weights).sum().backward();
  // Double precision: rounding alone.
  EXPECT_TRUE(torch::allclose(ours, theirs, 0, 1e-12));
  EXPECT_TRUE(torch::allclose(x.grad(), same.grad(), 0, 1e-12));
}

// Places in float32 are off by some 1e-6 pixels, a neighbour's difference by less than 10.
TEST(RandomViewTest, ChannelsLastFloatsGiveTheSameAndStayChannelsLast) {
  torch::manual_seed(4);
  const std::vector<View> views = SomeViews(32, 32, 8);
  const torch::Tensor x =
      torch::randn({8, 3, 32, 32}).contiguous(torch::MemoryFormat::ChannelsLast);
  const torch::Tensor seen = ResizedViews(x, views);
  EXPECT_TRUE(seen.is_contiguous(torch::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(torch::allclose(seen, Reference(x, views), 0, 2e-5));
}

TEST(RandomViewTest, TheWholeImageIsTheImage) {
  torch::manual_seed(5);
  const torch::Tensor x = torch::randn({2, 3, 31, 32});
  const std::vector<View> whole(2, View{{0, 0, 31, 32}});
  EXPECT_TRUE(torch::equal(ResizedViews(x, whole), x));
}

TEST(RandomViewTest, RandomViewsHaveTheStatedAreasRatiosAndMirrors) {
  constexpr int kDraws = 4000;
  double share = 0, mirrored = 0;
  for (uint64_t i = 0; i < kDraws; ++i) {
    RandomSequence draws = RandomStreams(1).ForSample(0, "test", i);
    const View view = RandomView(224, 224, 0.5, 0.25, draws);
    const Window& window = view.window;
    ASSERT_TRUE(window.top >= 0 && window.top + window.height <= 224);
    ASSERT_TRUE(window.left >= 0 && window.left + window.width <= 224);
    const double area = static_cast<double>(window.height * window.width) / (224 * 224);
    const double ratio = static_cast<double>(window.width) / static_cast<double>(window.height);
    // Sides of at least 137 are rounded by half a pixel: 0.4 % each.
    ASSERT_GT(area, 0.5 * 0.99);
    ASSERT_GT(ratio, 0.75 * 0.99);
    ASSERT_LT(ratio, 4.0 / 3 * 1.01);
    share += area / kDraws;
    mirrored += view.mirrored ? 1.0 / kDraws : 0;
  }
  // A share u fits a ratio r where |ln r| ≤ −ln u. ln r is uniform within ±L, L = ln 4/3 = 0.2877,
  // so that the density of u on [½, 1] is proportional to min(−ln u, L). Its mean is (L·(¾² − ½²)/2
  // + 0.02847) / (L/4 + 0.03424) = 0.07342 / 0.10616 = 0.6915. The windows after ten misses do not
  // count: 26 % miss. Deviation 0.13 / √4000 = 0.002.
  EXPECT_NEAR(share, 0.6915, 0.01);
  EXPECT_NEAR(mirrored, 0.25, 0.03);
}

TEST(RandomViewTest, AnAreaOfOneLeavesSquareImagesAlone) {
  for (uint64_t i = 0; i < 200; ++i) {
    RandomSequence draws = RandomStreams(1).ForSample(0, "test", i);
    EXPECT_EQ(RandomView(32, 32, 1, 0, draws).window, (Window{0, 0, 32, 32}));
  }
}

}  // namespace
}  // namespace zerosweep
