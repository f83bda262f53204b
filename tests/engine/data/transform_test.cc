#include "engine/data/transform.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <map>

#include "base/error.h"

namespace zerosweep {
namespace {

torch::Tensor Bytes(at::IntArrayRef shape) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return (torch::arange(count) % 255 + 1).to(torch::kUInt8).reshape(shape);
}

TEST(TransformTest, NormalisesPerChannel) {
  const torch::Tensor images = torch::tensor({0, 255, 51, 102}, torch::kUInt8).view({1, 2, 1, 2});
  const torch::Tensor x = Normalise(images, {0.5, 0.2}, {0.25, 0.1});
  const torch::Tensor expected = torch::tensor({-2.f, 2.f, 0.f, 2.f}).view({1, 2, 1, 2});
  EXPECT_EQ(x.scalar_type(), torch::kFloat32);
  EXPECT_TRUE(torch::allclose(x, expected, 0, 1e-6)) << x;
}

TEST(TransformTest, RefusesConstantsThatDoNotFit) {
  const auto message = [](const std::vector<double>& mean, const std::vector<double>& std) {
    try {
      Normalise(Bytes({1, 2, 1, 1}), mean, std);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(message({0.5}, {0.5}),
            "normalisation: 1 means and 1 deviations for images of 2 channels");
  EXPECT_EQ(message({0.5, 0.5}, {0.5, 0}), "normalisation: a deviation is 0");
}

TEST(TransformTest, WithoutCropAndFlipImagesStayAsTheyAre) {
  const torch::Tensor images = Bytes({3, 2, 4, 5});
  const torch::Tensor batch =
      Augment(images, {7, 0, 4}, {.padding = 0, .flip = false}, RandomStreams(1), 0);
  EXPECT_TRUE(torch::equal(batch, images));
}

TEST(TransformTest, EveryShiftAndMirrorOccursAndIsMadeOfThePaddedImage) {
  const torch::Tensor image = Bytes({1, 2, 3, 4});
  const torch::Tensor padded = torch::constant_pad_nd(image, {1, 1, 1, 1})[0];
  std::map<std::string, int> seen;
  constexpr int kDraws = 900;
  for (uint64_t step = 0; step < kDraws; ++step) {
    const torch::Tensor got =
        Augment(image, {0}, {.padding = 1, .flip = true}, RandomStreams(7), step)[0];
    for (int y = 0; y < 3; ++y) {
      for (int x = 0; x < 3; ++x) {
        const torch::Tensor crop = padded.slice(1, y, y + 3).slice(2, x, x + 4);
        if (torch::equal(got, crop)) ++seen[std::to_string(3 * y + x)];
        if (torch::equal(got, crop.flip({2}))) ++seen["mirrored " + std::to_string(3 * y + x)];
      }
    }
  }
  EXPECT_EQ(seen.size(), 18u);
  int total = 0;
  for (const auto& [name, count] : seen) {
    total += count;
    // 900 draws of probability 1/18: 50 ± 6.9; five deviations.
    EXPECT_NEAR(count, 50, 35) << name;
  }
  EXPECT_EQ(total, kDraws);
}

TEST(TransformTest, AnImagesDrawDoesNotDependOnItsBatch) {
  const torch::Tensor images = Bytes({4, 1, 8, 8});
  const Augmentation augmentation;
  const RandomStreams streams(3);
  const torch::Tensor together = Augment(images, {0, 1, 2, 3}, augmentation, streams, 5);
  EXPECT_TRUE(
      torch::equal(Augment(images.slice(0, 2, 3), {2}, augmentation, streams, 5)[0], together[2]));
  EXPECT_FALSE(torch::equal(Augment(images, {0, 1, 2, 3}, augmentation, streams, 6), together));
}

TEST(TransformTest, RefusesAPaddingAsLargeAsTheImage) {
  EXPECT_THROW(Augment(Bytes({1, 1, 4, 4}), {0}, {.padding = 4}, RandomStreams(0), 0), Error);
}

}  // namespace
}  // namespace zerosweep
