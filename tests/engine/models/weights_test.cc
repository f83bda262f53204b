// What is said of weights that do not fit the network they are given for.
#include "engine/models/weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "base/error.h"
#include "engine/models/registry.h"

namespace zerosweep {
namespace {

using State = std::map<std::string, torch::Tensor>;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

State WeightsOf(const std::string& arch, int classes = 10) {
  State state;
  for (const auto& [key, tensor] : StateOf(BuildModel(arch, 3, 32, 32, classes))) {
    state[key] = torch::ones_like(tensor);
  }
  return state;
}

std::string RefusalOf(const std::string& arch, const State& state, const std::string& key = "") {
  Graph graph = BuildModel(arch, 3, 32, 32, 10);
  try {
    LoadWeights(graph, arch, state, "w.pt", key);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "taken";
}

TEST(WeightsTest, ArchitecturesNameTheirLayouts) {
  EXPECT_EQ(RefusalOf("mobilenetv2_tv", {}),
            "w.pt: its keys (none) are of no layout known of mobilenetv2_tv, which are torchvision "
            "('features.0.0.weight'), brecq ('features.1.conv.4.weight')");
}

TEST(WeightsTest, TheArchitecturesThatFitAreNamed) {
  const std::string other = RefusalOf("resnet20_cifar_a", WeightsOf("resnet56_cifar_a"));
  EXPECT_THAT(other, HasSubstr("is used nowhere in the network"));
  EXPECT_THAT(other,
              HasSubstr("these weights belong to another network: they fit resnet56_cifar_a"));
  EXPECT_THAT(RefusalOf("resnet56_cifar_a", WeightsOf("resnet20_cifar_a")),
              HasSubstr("they fit resnet20_cifar_a"));
  EXPECT_THAT(RefusalOf("mobilenetv2_tv", WeightsOf("resnet20_cifar_a")),
              HasSubstr("they fit resnet20_cifar_a"));
}

TEST(WeightsTest, AnotherNetworkIsSaidOnlyWhereTheShapesSayIt) {
  State state = WeightsOf("resnet20_cifar_a");
  state.erase("bn1.bias");
  EXPECT_EQ(RefusalOf("resnet20_cifar_a", state),
            "w.pt: 'bn1.bias' [16] is missing (resnet20_cifar_a)");
  EXPECT_THAT(RefusalOf("resnet20_cifar_a", {{"w", torch::zeros({1})}}), Not(HasSubstr("another")));
  state = WeightsOf("resnet20_cifar_a");
  state["conv1.weight"] = torch::zeros({17, 3, 3, 3});
  EXPECT_THAT(RefusalOf("resnet20_cifar_a", state),
              HasSubstr("belong to another network, and to no built-in one"));
}

TEST(WeightsTest, AShardIsToldToGiveTheIndex) {
  State state = WeightsOf("resnet20_cifar_a");
  state.erase("linear.weight");
  Graph graph = BuildModel("resnet20_cifar_a", 3, 32, 32, 10);
  try {
    LoadWeights(graph, "resnet20_cifar_a", state, "model-00001-of-00002.safetensors");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("one of several shards"));
  }
}

TEST(WeightsTest, AnotherNumberOfClassesIsCalledSo) {
  const std::string refusal = RefusalOf("resnet20_cifar_a", WeightsOf("resnet20_cifar_a", 100));
  EXPECT_THAT(refusal, HasSubstr("another number of classes"));
  EXPECT_THAT(refusal, HasSubstr("[100], but the network needs [10]"));
  EXPECT_THAT(refusal, Not(HasSubstr("another network")));
}

TEST(WeightsTest, SaysWhatWasTakenAndWhatIgnored) {
  State state;
  for (const auto& [key, tensor] : WeightsOf("resnet20_cifar_a")) state["net." + key] = tensor;
  state["net.total_ops"] = torch::zeros({1});
  state["optimizer.state.0.momentum_buffer"] = torch::zeros({16, 3, 3, 3});
  Graph graph = BuildModel("resnet20_cifar_a", 3, 32, 32, 10);
  EXPECT_THAT(LoadWeights(graph, "resnet20_cifar_a", state, "w.pt"),
              ElementsAre("takes the weights under 'net', not 'optimizer.state.0.momentum_buffer'",
                          "ignores 'net.total_ops': no layer of resnet20_cifar_a has them"));
}

TEST(WeightsTest, SeveralThatDifferMustBeChosenFrom) {
  State state;
  for (const auto& [key, tensor] : WeightsOf("resnet20_cifar_a")) {
    state["ema." + key] = tensor;
    state["model." + key] = tensor;
  }
  EXPECT_EQ(RefusalOf("resnet20_cifar_a", state), "taken");  // the same twice
  state["ema.bn1.bias"] = torch::zeros({16});
  EXPECT_EQ(
      RefusalOf("resnet20_cifar_a", state),
      "w.pt holds weights of the network 2 times, and they differ: choose with `key:`, one of "
      "ema, model");
  EXPECT_EQ(RefusalOf("resnet20_cifar_a", state, "ema"), "taken");
  EXPECT_THAT(RefusalOf("resnet20_cifar_a", state, "teacher"), HasSubstr("under 'teacher'"));
}

}  // namespace
}  // namespace zerosweep
