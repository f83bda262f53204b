// The trained CIFAR-10 ResNet-20 whose exact accuracy and logits its README states. Needs the data
// in the folder $ZEROSWEEP_SHARED_DATA, or in shared/data beside the source tree.
#include <gtest/gtest.h>
#include <torch/types.h>

#include <filesystem>

#include "engine/graph/executor.h"
#include "engine/import/state.h"
#include "engine/models/registry.h"
#include "engine/training/evaluate.h"
#include "tests/support/shared_data.h"

namespace zerosweep {
namespace {

const Normalisation kNormalisation{{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};

class SharedCifarTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto folder = SharedData("cifar10-jpeg");
    if (!folder) GTEST_SKIP() << kNoSharedData;
    folder_ = *folder;
  }

  Graph Teacher() const {
    Graph graph = BuildModel("resnet20_cifar_a", 3, 32, 32, 10);
    LoadState(graph, ReadState(folder_ / "resnet20.safetensors"), "resnet20.safetensors");
    return graph;
  }

  std::filesystem::path folder_;
};

TEST_F(SharedCifarTest, BothFilesHoldTheSameTensors) {
  const auto a = ReadState(folder_ / "resnet20.safetensors");
  const auto b = ReadState(folder_ / "resnet20.pt");
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [key, tensor] : a) EXPECT_TRUE(torch::equal(tensor, b.at(key))) << key;
}

TEST_F(SharedCifarTest, LogitsOfTheFirstImageAreTheKnownOnes) {
  const torch::NoGradGuard no_grad;
  const Dataset test = LoadDataset("cifar10", "test", folder_);
  EXPECT_EQ(test.labels[0].item<int64_t>(), 9);
  const torch::Tensor first = test.Images(0, 1);
  const torch::Tensor logits =
      zerosweep::Run(Teacher(), Normalise(first, kNormalisation.mean, kNormalisation.std));
  const torch::Tensor expected = torch::tensor(
      {5.0863, 8.5948, -8.2517, -4.8231, -9.8307, -7.2042, -7.0869, -4.2989, 1.2165, 26.6614},
      torch::kFloat32);
  // Stated to four decimals; the rounding of another machine's convolutions adds a little.
  EXPECT_LE((logits[0] - expected).abs().max().item<double>(), 2e-4) << logits;
}

TEST_F(SharedCifarTest, TopOneIsExactlyTheStatedFigure) {
  const Evaluation result =
      Evaluate(Teacher(), LoadDataset("cifar10", "test", folder_), kNormalisation);
  EXPECT_EQ(result.images, 10'000);
  EXPECT_EQ(result.right, 8'813);
}

}  // namespace
}  // namespace zerosweep
