#include <gtest/gtest.h>
#include <torch/types.h>

#include <numeric>

#include "base/error.h"
#include "engine/graph/executor.h"
#include "engine/models/builder.h"
#include "engine/models/registry.h"

namespace zerosweep {
namespace {

int64_t Total(const std::map<int, int64_t>& macs) {
  return std::accumulate(macs.begin(), macs.end(), int64_t{0},
                         [](int64_t sum, const auto& entry) { return sum + entry.second; });
}

TEST(ResnetCifarTest, ResNet20HasThePapersSize) {
  const Graph graph = BuildModel("resnet20_cifar_a", 3, 32, 32, 10);
  // He et al. 2015, table 6: 0.27 M parameters.
  EXPECT_EQ(graph.ParameterCount(), 269'722);
  EXPECT_EQ(graph.Weighted().size(), 20u);
  EXPECT_EQ(graph.BatchNorms().size(), 19u);
  // The stem 32²·27·16; stage 1 six 32²·144·16; stages 2 and 3 a convolution of half that and five
  // of the same; the classifier 640.
  const int64_t full = 1024 * 144 * 16;
  EXPECT_EQ(Total(CountMacs(graph)), 1024 * 27 * 16 + 6 * full + 2 * (full / 2 + 5 * full) + 640);
  EXPECT_EQ(Total(CountMacs(graph)), 40'551'040);
}

TEST(ResnetCifarTest, DeeperOnesHaveSixLayersForEachBlockMore) {
  for (const int layers : {32, 44, 56}) {
    const Graph graph = BuildModel("resnet" + std::to_string(layers) + "_cifar_a", 3, 32, 32, 100);
    EXPECT_EQ(graph.Weighted().size(), static_cast<size_t>(layers));
    EXPECT_EQ(graph.BatchNorms().size(), static_cast<size_t>(layers - 1));
  }
}

TEST(ResnetCifarTest, KeysAreThoseOfTheUsualStateDict) {
  const auto state = StateOf(BuildModel("resnet20_cifar_a", 3, 32, 32, 10));
  EXPECT_EQ(state.size(), 19u + 19 * 4 + 2);
  for (const char* key : {"conv1.weight", "bn1.running_var", "layer1.0.conv1.weight",
                          "layer2.0.bn2.bias", "layer3.2.conv2.weight", "linear.bias"}) {
    EXPECT_TRUE(state.contains(key)) << key;
  }
  EXPECT_EQ(state.at("layer2.0.conv1.weight").sizes(), at::IntArrayRef({32, 16, 3, 3}));
}

TEST(ResnetCifarTest, TakesOtherImagesAndClasses) {
  Graph graph = BuildModel("resnet20_cifar_a", 1, 28, 28, 7);
  InitialiseParameters(graph, 0);
  EXPECT_EQ(zerosweep::Run(graph, torch::zeros({2, 1, 28, 28})).sizes(), at::IntArrayRef({2, 7}));
}

TEST(ResnetCifarTest, RefusesUnknownNamesAndSizes) {
  const auto message = [](const std::string& arch, int64_t height) {
    try {
      BuildModel(arch, 3, height, 32, 10);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(message("resnet20_cifr_a", 32),
            "unknown architecture 'resnet20_cifr_a', did you mean 'resnet20_cifar_a'?");
  EXPECT_EQ(message("resnet20_cifar_a", 0),
            "resnet20_cifar_a: images of 3 × 0 × 32 in 10 classes: each must be at least 1");
}

TEST(ResnetCifarTest, InitialisationIsKaimingAndDependsOnTheSeedAlone) {
  Graph a = BuildModel("resnet20_cifar_a", 3, 32, 32, 10), b = a.Clone(), c = a.Clone();
  InitialiseParameters(a, 1);
  InitialiseParameters(b, 1);
  InitialiseParameters(c, 2);
  const auto sa = StateOf(a), sb = StateOf(b), sc = StateOf(c);
  for (const auto& [key, tensor] : sa) EXPECT_TRUE(torch::equal(tensor, sb.at(key))) << key;
  EXPECT_FALSE(torch::equal(sa.at("conv1.weight"), sc.at("conv1.weight")));
  // 36,864 draws of deviation √(2 / (9·64)): the estimate is good to 0.4 %.
  const torch::Tensor& weight = sa.at("layer3.2.conv2.weight");
  EXPECT_NEAR(weight.std().item<double>(), std::sqrt(2.0 / (9 * 64)), 0.02 * std::sqrt(2.0 / 576));
  EXPECT_LE(sa.at("linear.weight").abs().max().item<double>(), 1 / 8.0);
  EXPECT_FALSE(torch::equal(sa.at("layer3.2.conv1.weight"), weight));
}

}  // namespace
}  // namespace zerosweep
