// Sizes of the built-in networks against published figures, and what all of them have in common.
#include <gtest/gtest.h>
#include <torch/types.h>

#include "base/error.h"
#include "engine/graph/executor.h"
#include "engine/models/registry.h"

namespace zerosweep {
namespace {

struct Known {
  const char* arch;
  int64_t parameters;  // torchvision's num_params, pytorchcv's weight counts
  int batch_norms;
  double gmacs;  // of one image; 0: nobody published it for just this network
  double tolerance = 0.005;
};

// GMACs: torchvision's model tables ("GFLOPS"), which round; where those lack a network, its paper.
const Known kKnown[] = {
    {"resnet18", 11'689'512, 20, 1.814},
    {"resnet34", 21'797'672, 36, 3.664},
    {"resnet50", 25'557'032, 53, 4.089},
    {"resnet50_v1_stride1x1", 25'557'032, 53, 3.8, 0.03},  // He et al. 2015, table 1
    {"resnet101", 44'549'160, 104, 7.801},
    {"mobilenetv1", 4'231'976, 27, 0.569},  // Howard et al. 2017, table 8
    {"mobilenetv2_tv", 3'504'872, 52, 0.301},
    {"mobilenetv2_cv", 3'504'960, 53, 0},
    {"regnetx_600mf", 6'196'040, 53, 0.6, 0.02},  // Radosavovic et al. 2020
    {"regnetx_3200mf", 15'296'552, 80, 3.177},
    {"shufflenet_g1_w1", 1'531'936, 49, 0.143, 0.03},  // Zhang et al. 2017, table 1
    {"shufflenetv2", 2'278'604, 56, 0.145},
    {"shufflenetv2_cv", 2'278'604, 56, 0},
    {"sqnxt23_w2", 2'583'752, 111, 0},
    {"inceptionv3", 23'834'568, 94, 5.713},
    {"mnasnet_2_0", 12'469'944, 52, 0},
};

const ModelFacts& FactsOf(const std::string& arch) {
  static const Declarations all = DescribeAll();
  for (const Declaration& model : all.Of(Role::kModel)) {
    if (model.name == arch) return model.model();
  }
  Fail(ErrorKind::kInternal, "no model {}", arch);
}

// All but those with half a gigabyte of weights (tests/engine/slow/vgg_test.cc).
std::vector<std::string> SmallNetworks() {
  std::vector<std::string> names = ModelNames();
  std::erase_if(names, [](const std::string& name) { return name.starts_with("vgg"); });
  return names;
}

Graph AsInThePaper(const std::string& arch) {
  const ModelFacts& facts = FactsOf(arch);
  const auto& [channels, height, width] = facts.input_shape;
  return BuildModel(arch, channels, height, width, static_cast<int>(facts.classes));
}

double GigaMacs(const Graph& graph) {
  double total = 0;
  for (const auto& [node, macs] : CountMacs(graph)) total += static_cast<double>(macs);
  return total * 1e-9;
}

TEST(NetworksTest, HaveThePublishedSizes) {
  for (const Known& known : kKnown) {
    const Graph graph = AsInThePaper(known.arch);
    EXPECT_EQ(graph.ParameterCount(), known.parameters) << known.arch;
    EXPECT_EQ(graph.BatchNorms().size(), static_cast<size_t>(known.batch_norms)) << known.arch;
    if (known.gmacs == 0) continue;
    EXPECT_NEAR(GigaMacs(graph), known.gmacs, known.gmacs * known.tolerance) << known.arch;
  }
}

TEST(NetworksTest, CifarResNetsWithProjections) {
  const Graph resnet20 = AsInThePaper("resnet20_cifar_b");
  EXPECT_EQ(resnet20.ParameterCount(), 272'474);  // pytorchcv's resnet20_cifar10
  EXPECT_EQ(resnet20.BatchNorms().size(), 21u);
  EXPECT_EQ(AsInThePaper("resnet56_cifar_b").ParameterCount(), 855'770);  // its resnet56_cifar10
}

// Prices of sweeps are told from this fact. The two VGGs: tests/engine/slow/vgg_test.cc.
TEST(NetworksTest, DeclareTheirMultiplyAdds) {
  for (const std::string& arch : SmallNetworks()) {
    int64_t total = 0;
    for (const auto& [node, macs] : CountMacs(AsInThePaper(arch))) total += macs;
    EXPECT_EQ(FactsOf(arch).macs, total) << arch;
  }
}

TEST(NetworksTest, HaveLayoutsAndClassesAsDeclared) {
  for (const std::string& arch : SmallNetworks()) {
    const ModelFacts& facts = FactsOf(arch);
    const Graph graph = AsInThePaper(arch);
    EXPECT_FALSE(facts.layouts.empty()) << arch;
    const std::vector<int> weighted = graph.Weighted();
    const Node& first = graph.nodes[static_cast<size_t>(weighted.front())];
    const Node& last = graph.nodes[static_cast<size_t>(weighted.back())];
    EXPECT_EQ(first.inputs.at(0), (Value{0, 0})) << arch;
    EXPECT_EQ(last.parameters.at("weight").size(0), facts.classes) << arch;
  }
}

TEST(NetworksTest, TakeImagesOfTheSmallestSideAndRefuseSmallerOnes) {
  const torch::NoGradGuard no_grad;
  for (const std::string& arch : SmallNetworks()) {
    const int64_t side = FactsOf(arch).min_side;
    const Graph graph = BuildModel(arch, 1, side, side + 1, 3);
    EXPECT_EQ(zerosweep::Run(graph, torch::ones({2, 1, side, side + 1})).sizes(),
              at::IntArrayRef({2, 3}))
        << arch;
  }
  try {
    BuildModel("inceptionv3", 3, 299, 64, 10);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_STREQ(error.what(),
                 "inceptionv3: images of 299 × 64 are too small, it needs at least 75 × 75");
  }
}

}  // namespace
}  // namespace zerosweep
