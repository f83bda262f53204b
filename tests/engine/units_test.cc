#include "engine/quant/units.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/graph/executor.h"
#include "engine/graph/subgraph.h"
#include "engine/models/builder.h"
#include "engine/models/registry.h"
#include "tests/support/tiny_network.h"

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
  for (const Graph& graph : {TinyTeacher().graph, BuildModel("resnet20_cifar_a", 3, 32, 32, 10),
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
