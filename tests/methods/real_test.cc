// Real images: which are chosen, and their views.
#include <gtest/gtest.h>
#include <torch/types.h>

#include "engine/data/random_crop.h"
#include "engine/synthesis/synthesizer.h"
#include "tests/support/engine/quiet_progress.h"
#include "tests/support/engine/tiny_network.h"

namespace zerosweep {
namespace {

Dataset Calibration() {
  return {.name = "tiny",
          .split = "calibration",
          .images = ImagesInMemory(torch::randint(256, {20, 3, 8, 8}).to(torch::kUInt8)),
          .labels = torch::arange(20),
          .classes = 20};
}

SyntheticData ChooseReal(const Teacher& teacher, const Dataset& data, const Json& given) {
  const auto& entry = SynthesizerRegistry::Get("real");
  QuietProgress progress;
  NoCheckpoints checkpoints;
  return entry.function({.teacher = teacher,
                         .random = RandomStreams(4),
                         .progress = progress,
                         .checkpoints = checkpoints,
                         .real_data = &data},
                        given);
}

TEST(RealTest, TakesTheImagesThatTheSeedChooses) {
  const Teacher teacher = TinyTeacher();
  const Dataset data = Calibration();
  const SyntheticData real = ChooseReal(teacher, data, {{"images", 6}});
  const torch::Tensor chosen = RandomStreams(4).Permutation(0, "real_images", 20).slice(0, 0, 6);
  EXPECT_TRUE(torch::equal(real.labels, chosen));
  const torch::Tensor all = Normalise(data.Images(0, 20), teacher.mean, teacher.std);
  EXPECT_TRUE(torch::equal(real.images, all.index_select(0, chosen)));
}

TEST(RealTest, ImagesWithoutClassesHaveNoLabels) {
  const Teacher teacher = TinyTeacher();
  Dataset data = Calibration();
  const torch::Tensor labelled = ChooseReal(teacher, data, {{"images", 6}}).images;
  data.labels = torch::Tensor();
  const SyntheticData real = ChooseReal(teacher, data, {{"images", 6}});
  EXPECT_FALSE(real.labels.defined());
  EXPECT_TRUE(torch::equal(real.images, labelled));
}

TEST(RealTest, RandomCropsAreOfTheSameImages) {
  const Teacher teacher = TinyTeacher();
  const Dataset data = Calibration();
  const SyntheticData real =
      ChooseReal(teacher, data, {{"images", 6}, {"augmentation", "random_resized_crop"}});
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < 6; ++i) chosen.push_back(real.labels[i].item<int64_t>());
  EXPECT_TRUE(torch::equal(real.labels, ChooseReal(teacher, data, {{"images", 6}}).labels));
  const torch::Tensor crops = LoadRandomCrops(*data.images, chosen, RandomStreams(4), 0);
  EXPECT_TRUE(torch::equal(real.images, Normalise(crops, teacher.mean, teacher.std)));
}

// Crops of 8 % are ImageNet's: a small image is taken whole.
TEST(RealTest, LargeImagesAloneAreCroppedByItself) {
  const Dataset data = Calibration();
  Teacher teacher = TinyTeacher();
  const auto images = [&](const char* augmentation) {
    return ChooseReal(teacher, data, {{"images", 6}, {"augmentation", augmentation}}).images;
  };
  EXPECT_TRUE(torch::equal(images("auto"), images("none")));
  teacher.graph.input_shape = {3, 224, 224};
  EXPECT_TRUE(torch::equal(images("auto"), images("random_resized_crop")));
  EXPECT_FALSE(torch::equal(images("auto"), images("none")));
}

}  // namespace
}  // namespace zerosweep
