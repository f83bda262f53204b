#include "engine/graph/units.h"

#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "engine/graph/executor.h"
#include "engine/graph/subgraph.h"
#include "engine/models/builder.h"
#include "engine/models/registry.h"
#include "tests/support/engine/tiny_network.h"

namespace zerosweep {
namespace {

std::vector<std::string> Names(const std::vector<Unit>& units) {
  std::vector<std::string> names;
  for (const Unit& unit : units) names.push_back(unit.name);
  return names;
}

TEST(UnitsTest, ResNet20IsStemNineBlocksAndClassifier) {
  const Graph graph = BuildModel("resnet20_cifar_a", 3, 32, 32, 10);
  const std::vector<Unit> units = BlockUnits(graph);
  EXPECT_EQ(Names(units), (std::vector<std::string>{"conv1", "layer1.0", "layer1.1", "layer1.2",
                                                    "layer2.0", "layer2.1", "layer2.2", "layer3.0",
                                                    "layer3.1", "layer3.2", "linear"}));
  const auto name = [&](Value value) { return graph.nodes[static_cast<size_t>(value.node)].name; };
  EXPECT_EQ(name(units[0].input), "input");
  EXPECT_EQ(name(units[0].output), "relu");
  EXPECT_EQ(name(units[4].input), "layer1.2.relu2");
  EXPECT_EQ(name(units[4].output), "layer2.0.relu2");  // with the activation behind the add
  EXPECT_EQ(name(units[10].input), "flatten");         // pooling stands between the units
}

TEST(UnitsTest, EveryWeightedNodeIsInExactlyOneUnit) {
  for (const Graph& graph : {TinyTeacher().graph, BuildModel("shufflenetv2", 3, 224, 224, 1000),
                             BuildModel("resnet20_cifar_a", 3, 32, 32, 10),
                             FoldBatchNorms(BuildModel("resnet20_cifar_a", 3, 32, 32, 10))}) {
    for (const auto& units : {BlockUnits(graph), LayerUnits(graph)}) {
      std::vector<int> covered;
      for (const Unit& unit : units) {
        for (const int node : unit.nodes) {
          if (graph.nodes[static_cast<size_t>(node)].weighted()) covered.push_back(node);
        }
      }
      EXPECT_EQ(covered, graph.Weighted());
    }
  }
}

// image → 3×3 → [1×1 → depthwise → 1×1] → [the same with a skip] → 1×1 → ReLU6 → mean → linear.
TEST(UnitsTest, InvertedBottlenecksAreOneUnitWithOrWithoutASkip) {
  GraphBuilder net({3, 8, 8});
  const auto conv = [&](const std::string& name, Value x, ConvShape shape, bool activation) {
    x = net.BatchNorm(name + "_bn", net.Conv(name, x, shape), shape.out);
    return activation ? net.Apply(name + "_relu", Op::kRelu6, {x}) : x;
  };
  const auto bottleneck = [&](const std::string& name, Value x) {
    x = conv(name + ".expand", x, {.in = 4, .out = 8}, true);
    x = conv(name + ".depthwise", x, {.in = 8, .out = 8, .kernel = 3, .padding = 1, .groups = 8},
             true);
    return conv(name + ".project", x, {.in = 8, .out = 4}, false);
  };
  Value x = conv("stem", net.Input(), {.in = 3, .out = 4, .kernel = 3, .padding = 1}, true);
  x = bottleneck("block1", x);
  x = net.Apply("block2.add", Op::kAdd, {bottleneck("block2", x), x});
  x = conv("head", x, {.in = 4, .out = 6}, true);
  x = net.Apply("flatten", Op::kFlatten, {net.Apply("pool", Op::kGlobalAvgPool, {x})});
  const Graph graph = net.Finish(net.Linear("fc", x, 6, 2));
  const std::vector<Unit> units = BlockUnits(graph);
  EXPECT_EQ(Names(units), (std::vector<std::string>{"stem", "block1", "block2", "head", "fc"}));
  EXPECT_EQ(units[2].nodes.size(), 9U);
}

TEST(UnitsTest, LayersTakeTheirNormAndActivationAlong) {
  const Graph graph = BuildModel("resnet20_cifar_a", 3, 32, 32, 10);
  const std::vector<Unit> units = LayerUnits(graph);
  ASSERT_EQ(units.size(), 20U);
  const auto name = [&](Value value) { return graph.nodes[static_cast<size_t>(value.node)].name; };
  EXPECT_EQ(name(units[1].output), "layer1.0.relu1");
  EXPECT_EQ(name(units[2].output), "layer1.0.bn2");  // the add reads two values
}

std::vector<std::string> UnitNames(const std::string& model) {
  return Names(BlockUnits(BuildModel(model, 3, 224, 224, 1000)));
}

// The partitions of BRECQ's code, which goes by classes (block_recon.py: BasicBlock, Bottleneck,
// ResBottleneckBlock, InvertedResidual; single convolutions and the classifier alone).
TEST(UnitsTest, TheNetworksOfBrecqHaveItsUnits) {
  const auto listing = [](const std::string& stem, const std::vector<int>& blocks,
                          const std::function<std::string(int stage, int block)>& name,
                          const std::string& classifier) {
    std::vector<std::string> units = {stem};
    for (size_t stage = 0; stage < blocks.size(); ++stage) {
      for (int block = 0; block < blocks[stage]; ++block)
        units.push_back(name(static_cast<int>(stage) + 1, block));
    }
    units.push_back(classifier);
    return units;
  };
  const auto resnet = [](int stage, int block) { return fmt::format("layer{}.{}", stage, block); };
  EXPECT_EQ(UnitNames("resnet18"), listing("conv1", {2, 2, 2, 2}, resnet, "fc"));
  EXPECT_EQ(UnitNames("resnet50"), listing("conv1", {3, 4, 6, 3}, resnet, "fc"));
  const auto regnet = [](int stage, int block) {  // the first of a stage has a projection as well
    return fmt::format("trunk_output.block{0}.block{0}-{1}{2}", stage, block,
                       block == 0 ? "" : ".f");
  };
  EXPECT_EQ(UnitNames("regnetx_600mf"), listing("stem.0", {1, 3, 5, 7}, regnet, "fc"));
  EXPECT_EQ(UnitNames("regnetx_3200mf"), listing("stem.0", {2, 6, 15, 2}, regnet, "fc"));
}

TEST(UnitsTest, InvertedResidualsAreUnits) {
  std::vector<std::string> mobilenet = {"features.0.0",
                                        // Its class is InvertedResidual too, but without expansion
                                        // it looks like the stem of MnasNet: two layers.
                                        "features.1.conv.0.0", "features.1.conv.1"};
  for (int i = 2; i <= 17; ++i) mobilenet.push_back(fmt::format("features.{}.conv", i));
  mobilenet.insert(mobilenet.end(), {"features.18.0", "classifier.1"});
  EXPECT_EQ(UnitNames("mobilenetv2_tv"), mobilenet);

  std::vector<std::string> mnasnet = {"layers.0", "layers.3", "layers.6"};
  const std::vector<int> blocks = {3, 3, 3, 2, 4, 1};
  for (size_t stack = 0; stack < blocks.size(); ++stack) {
    for (int block = 0; block < blocks[stack]; ++block)
      mnasnet.push_back(fmt::format("layers.{}.{}.layers", stack + 8, block));
  }
  mnasnet.insert(mnasnet.end(), {"layers.14", "classifier.1"});
  EXPECT_EQ(UnitNames("mnasnet_2_0"), mnasnet);
}

TEST(UnitsTest, UnitsByHandAndBySize) {
  const Graph graph = BuildModel("resnet20_cifar_a", 3, 32, 32, 10);
  const std::string output = graph.nodes[static_cast<size_t>(graph.output.node)].name;
  const auto by_hand = FindUnits(graph, "relu layer1.2.relu2 layer3.2.relu2 " + output);
  EXPECT_EQ(by_hand.size(), 4U);
  EXPECT_EQ(by_hand[1].name, "layer1");
  EXPECT_THROW(FindUnits(graph, "relu"), Error);
  EXPECT_THROW(FindUnits(graph, "nobody " + output), Error);
  EXPECT_THROW(FindUnits(graph, "layer1.0.conv1 " + output), Error);
  EXPECT_THROW(FindUnits(graph, "relu relu " + output), Error);
  const auto twins = Names(FindUnits(graph, "relu layer1.0.relu2 layer1.2.relu2 " + output));
  EXPECT_EQ(std::set(twins.begin(), twins.end()).size(), twins.size());
  const auto same_words =
      FindUnits(graph, "layer1.0.relu2 layer1.2.relu2 layer3.2.relu2 " + output);
  EXPECT_EQ(same_words.size(), 4U);
  EXPECT_EQ(Names(FindUnits(graph, "blocks", int64_t{1} << 40)), Names(BlockUnits(graph)));
  EXPECT_EQ(Names(FindUnits(graph, "blocks", 1)), Names(LayerUnits(graph)));
  // 3×3, 16 → 16 channels on 32×32: 2.36 million each, two in a block of the first stage.
  EXPECT_EQ(FindUnits(graph, "blocks", 4'000'000).size(), 1U + 6 + 1 + 2 + 2 + 1 + 2 + 2 + 1);
}

TEST(UnitsTest, RunningTheUnitsOneAfterAnotherIsTheNetwork) {
  Graph graph = BuildModel("resnet20_cifar_a", 3, 32, 32, 10);
  InitialiseParameters(graph, 0);
  const torch::Tensor x = torch::randn({2, 3, 32, 32});
  torch::Tensor value = x;
  Value at{0, 0};
  for (const Unit& unit : BlockUnits(graph)) {
    value = zerosweep::Run(Extract(graph, at, unit.input).graph, value);
    value = zerosweep::Run(Extract(graph, unit.input, unit.output).graph, value);
    at = unit.output;
  }
  EXPECT_TRUE(torch::equal(value, zerosweep::Run(graph, x)));
}

TEST(UnitsTest, APartThatNeedsMoreThanItsInputIsRefused) {
  const Graph graph = BuildModel("resnet20_cifar_a", 3, 32, 32, 10);
  try {
    Extract(graph, {graph.Find("layer1.0.conv1"), 0}, {graph.Find("layer1.0.relu2"), 0});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInternal);
    EXPECT_NE(std::string(error.what()).find("'layer1.0.add' reads 'relu'"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace zerosweep
