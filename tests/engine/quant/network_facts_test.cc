// What planning knows of a network, against what the network does.
#include "engine/quant/network_facts.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "base/error.h"
#include "engine/graph/executor.h"
#include "engine/graph/units.h"
#include "engine/models/registry.h"
#include "engine/synthesis/classifier.h"

namespace zerosweep {
namespace {

// All but those with half a gigabyte of weights.
std::vector<std::string> SmallNetworks() {
  std::vector<std::string> names = ModelNames();
  std::erase_if(names, [](const std::string& name) { return name.starts_with("vgg"); });
  return names;
}

const ModelFacts& FactsOf(const std::string& arch) {
  static const Declarations all = DescribeAll();
  for (const Declaration& model : all.Of(Role::kModel))
    if (model.name == arch) return model.model();
  Fail(ErrorKind::kInternal, "no model {}", arch);
}

using Strings = std::vector<std::string>;

TEST(NetworkFactsTest, NameTheFeaturesOfTheClassifier) {
  EXPECT_EQ(FactsOf("resnet20_cifar_a").features, 64);
  EXPECT_EQ(FactsOf("resnet18").features, 512);
  EXPECT_EQ(FactsOf("mobilenetv2_cv").features, 1280) << "a 1×1 convolution";
}

// What methods with embeddings or features ask for (IntraQ, Qimera): no network of the catalogue
// ends in anything else, so that no limit asks.
TEST(NetworkFactsTest, EveryNetworkHasAClassifierWithRows) {
  for (const std::string& arch : SmallNetworks()) {
    const Graph graph = BuildModel(arch, 3, 64 + 35, 64 + 35, 10);
    EXPECT_EQ(ClassifierRows(graph, "a test", "").size(1), FactsOf(arch).features) << arch;
  }
}

// A residual block reads its ReLU's output twice. Linear bottlenecks have nothing behind them under
// `relu`.
TEST(NetworkFactsTest, NameTheShortcutsThatReadAnotherTensor) {
  const auto apart = [](const char* arch) { return FactsOf(arch).shortcuts; };
  const Json identities = {"own", "fp"}, all = {"own", "option_a_fp", "fp"};
  EXPECT_EQ(apart("resnet18"), Json({{"relu", identities}, {"op_output", identities}}));
  EXPECT_EQ(apart("resnet20_cifar_a"), Json({{"relu", all}, {"op_output", all}}));
  EXPECT_EQ(apart("mobilenetv2_tv"), Json({{"relu", Json::array()}, {"op_output", identities}}));
  EXPECT_EQ(apart("mobilenetv1"), Json({{"relu", Json::array()}, {"op_output", Json::array()}}));
}

TEST(NetworkFactsTest, NameTheSitesWithNegativeValues) {
  EXPECT_EQ(FactsOf("resnet18").signed_placements, Strings());
  EXPECT_EQ(FactsOf("mobilenetv2_tv").signed_placements, (Strings{"op_output", "op_input"}));
}

// Units by name are refused by these lists alone: every way of the list must be one that units can
// go, and no node off it.
TEST(NetworkFactsTest, NameTheNodesAtWhichUnitsEnd) {
  for (const std::string& arch : SmallNetworks()) {
    const ModelFacts& facts = FactsOf(arch);
    const Graph graph = BuildModel(arch, 3, 64 + 35, 64 + 35, 10);
    const std::string output = graph.nodes[static_cast<size_t>(graph.output.node)].name;
    const Strings ends = facts.unit_ends;
    EXPECT_EQ(ends.back(), output) << arch;
    for (const Node& node : graph.nodes) {
      if (node.op == Op::kInput || node.name == output) continue;
      const bool listed = std::find(ends.begin(), ends.end(), node.name) != ends.end();
      const std::string units = node.name + " " + output;
      if (!listed) {
        EXPECT_THROW(FindUnits(graph, units), Error) << arch << ": " << units;
        continue;
      }
      const std::vector<Unit> found = FindUnits(graph, units);
      EXPECT_EQ(found.size(), 2U) << arch << ": " << units;
      const Strings stems = facts.stem_ends;
      const auto weighted = std::count_if(
          found[0].nodes.begin(), found[0].nodes.end(),
          [&](int index) { return graph.nodes[static_cast<size_t>(index)].weighted(); });
      EXPECT_EQ(weighted == 1, std::find(stems.begin(), stems.end(), node.name) != stems.end())
          << arch << ": " << node.name;
    }
  }
}

// No limit asks for the stem of units that the graph gives: it is the first convolution alone.
TEST(NetworkFactsTest, UnitsOfTheGraphBeginWithTheFirstConvolutionAlone) {
  for (const std::string& arch : SmallNetworks()) {
    const Graph graph = BuildModel(arch, 3, 64 + 35, 64 + 35, 10);
    for (const char* rule : {"blocks", "layers"}) {
      const Unit stem = FindUnits(graph, rule).front();
      EXPECT_EQ(std::count_if(
                    stem.nodes.begin(), stem.nodes.end(),
                    [&](int node) { return graph.nodes[static_cast<size_t>(node)].weighted(); }),
                1)
          << arch << " " << rule;
    }
  }
}

struct SmallestMaps {
  int64_t normed = 1 << 20;   // side of what enters a batch norm
  int64_t strided = 1 << 20;  // of what enters a convolution with a stride
};

SmallestMaps MapsAt(const std::string& arch, int64_t side) {
  const torch::NoGradGuard no_grad;
  const Graph graph = BuildModel(arch, 1, side, side, 2);
  SmallestMaps smallest;
  ForwardHooks hooks;
  hooks.on_input = [&](int index, const torch::Tensor& input) {
    const Node& node = graph.nodes[static_cast<size_t>(index)];
    if (node.op == Op::kBatchNorm) smallest.normed = std::min(smallest.normed, input.size(2));
    if (node.op == Op::kConv2d && node.attributes.value("stride", int64_t{1}) > 1)
      smallest.strided = std::min(smallest.strided, input.size(2));
  };
  Run(graph, torch::zeros({1, 1, side, side}), hooks);
  return smallest;
}

// Declared, since finding them takes runs at many sides.
TEST(NetworkFactsTest, SidesAreTheSmallestThatGiveMapsOfMoreThanOnePixel) {
  for (const std::string& arch : SmallNetworks()) {
    const ModelFacts& facts = FactsOf(arch);
    const int64_t least = facts.min_side;
    const int64_t map_side = std::max(least, facts.map_side);
    const int64_t stride_side = std::max(least, facts.stride_side);
    EXPECT_GT(MapsAt(arch, map_side).normed, 1) << arch;
    EXPECT_GT(MapsAt(arch, stride_side).strided, 1) << arch;
    if (map_side > least) {
      EXPECT_EQ(MapsAt(arch, map_side - 1).normed, 1) << arch;
    }
    if (stride_side > least) {
      EXPECT_EQ(MapsAt(arch, stride_side - 1).strided, 1) << arch;
    }
  }
}

}  // namespace
}  // namespace zerosweep
