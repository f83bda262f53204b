// IntraQ on a real teacher: the CIFAR ResNet-20 of the shared data, where it is.
#include <gtest/gtest.h>
#include <torch/types.h>

#include "engine/import/state.h"
#include "engine/models/registry.h"
#include "engine/synthesis/quality.h"
#include "engine/synthesis/synthesizer.h"
#include "engine/training/evaluate.h"
#include "methods/intraq/terms.h"
#include "tests/support/engine/quiet_progress.h"
#include "tests/support/shared_data.h"

namespace zerosweep {
namespace {

Teacher CifarTeacher(const std::filesystem::path& folder) {
  Graph graph = BuildModel("resnet20_cifar_a", 3, 32, 32, 10);
  LoadState(graph, ReadState(folder / "resnet20.safetensors"), "resnet20.safetensors");
  Teacher teacher;
  teacher.graph = ToChannelsLast(graph);
  teacher.classes = 10;
  return teacher;
}

SyntheticData Synthesize(const Teacher& teacher, const Json& given) {
  const auto& entry = SynthesizerRegistry::Get("intraq");
  QuietProgress progress;
  NoCheckpoints checkpoints;
  return entry.function({.teacher = teacher,
                         .random = RandomStreams(0),
                         .progress = progress,
                         .checkpoints = checkpoints},
                        given);
}

// Images of the second batch from the mean features of the first's images of their class.
double Distance(const Teacher& teacher, const SyntheticData& data, int64_t batch) {
  const torch::Tensor features = Features(teacher, data.images);
  const ClassCentres classes =
      MeanFeatures(features.slice(0, 0, batch), data.labels.slice(0, 0, batch), teacher.classes);
  const torch::Tensor labels = data.labels.slice(0, batch);
  return (1 - torch::cosine_similarity(features.slice(0, batch),
                                       classes.centres.index_select(0, labels)))
      .mean()
      .item<double>();
}

// The teacher sees the labels, of all classes, and a larger margin keeps images further away.
TEST(IntraqCifarTest, ImagesHaveTheirClassesAndKeepTheirMargin) {
  const auto folder = SharedData("cifar10-jpeg");
  if (!folder) GTEST_SKIP() << kNoSharedData;
  const Teacher teacher = CifarTeacher(*folder);
  const Json budget = {{"images", 64}, {"batch", 32}, {"iterations", 40}};
  const SyntheticData data = Synthesize(teacher, budget);
  const auto quality = MeasureQuality(teacher, data.images);
  EXPECT_GT(quality.at("class_entropy"), 1.8);  // of ln 10 = 2.30
  EXPECT_GT(quality.at("confidence"), 0.7);
  EXPECT_LT(data.metrics.at("final_loss"), data.metrics.at("initial_loss"));
  Json wide = budget;
  wide["lambda_lower"] = 0.3;
  EXPECT_GT(Distance(teacher, Synthesize(teacher, wide), 32), Distance(teacher, data, 32) + 0.02);
}

}  // namespace
}  // namespace zerosweep
