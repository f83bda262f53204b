#include "engine/quant/rounding_border.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/graph/executor.h"
#include "engine/kernels/border_quantizer.h"
#include "engine/quant/quantized_network.h"
#include "engine/quant/range_estimation.h"
#include "engine/quant/site_hooks.h"
#include "tests/support/engine/tiny_network.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

TEST(RoundingBorderTest, ExactWeightsRoundAtOneHalf) {
  torch::manual_seed(3);
  const torch::Tensor weight = torch::randn({8, 6, 3, 3});
  for (const auto rows : {BorderRows::kChannel, BorderRows::kElement}) {
    const torch::Tensor border = ClosedFormBorder({{weight, weight}}, rows, 4);
    EXPECT_EQ(border.size(1), rows == BorderRows::kChannel ? 6 : 54);
    EXPECT_LT(border.abs().max().item<double>(), 1e-12);
  }
}

// One weight to each activation: the border minimises (ŵ·x̂ − w·x)², element by element.
TEST(RoundingBorderTest, TheClosedFormIsTheBestRoundingForOneOutput) {
  torch::manual_seed(4);
  const torch::Tensor weight = torch::randn({1, 50}), step = torch::tensor(0.2F);
  const torch::Tensor rounded = weight * (1 + 0.05 * torch::randn({1, 50}));
  // Fractions above the highest border there is are always rounded up.
  const torch::Tensor u = torch::floor(torch::rand({64, 50}) * 15) + 0.99 * torch::rand({64, 50});
  const torch::Tensor x = u * step;
  const torch::Tensor border = ClosedFormBorder({{weight, rounded}}, BorderRows::kElement, 4);
  const auto error = [&](const torch::Tensor& q) { return (rounded * q - weight * x).square(); };
  const torch::Tensor down = torch::floor(u) * step, up = down + step;
  const torch::Tensor best = torch::minimum(error(down), error(up));
  EXPECT_TRUE(torch::allclose(error(BorderQuantize(x, step, border, 0, 4)), best, 1e-3, 1e-5));
  EXPECT_FALSE(torch::allclose(error(torch::round(u) * step), best, 1e-3, 1e-5));
}

// Depthwise: each channel meets the weights of its own group alone.
TEST(RoundingBorderTest, GroupsMeetTheirOwnChannels) {
  torch::manual_seed(5);
  const torch::Tensor weight = torch::randn({4, 1, 3, 3});
  const torch::Tensor factors = torch::tensor({1.F, 2.F, 0.5F, 1.F}).view({4, 1, 1, 1});
  const torch::Tensor border =
      ClosedFormBorder({{weight, weight * factors, 4}}, BorderRows::kChannel, 2);
  const torch::Tensor expected = (1 - 1 / factors.flatten()) * 3;
  EXPECT_TRUE(torch::allclose(border[1], expected, 1e-5, 1e-6));
}

// By element without a border, a convolution computed from its columns is the convolution itself.
TEST(RoundingBorderTest, ColumnsGiveTheConvolution) {
  torch::manual_seed(6);
  const Teacher teacher = TinyTeacher();
  const torch::Tensor x = torch::randn({2, 3, 8, 8});
  ForwardHooks hooks;
  int64_t rows = 0;
  for (const int node : teacher.graph.Weighted()) {
    hooks.replace_columns[node] = [&](const torch::Tensor& columns) {
      rows += columns.size(1);
      return columns;
    };
  }
  EXPECT_TRUE(torch::allclose(zerosweep::Run(teacher.graph, x, hooks),
                              zerosweep::Run(teacher.graph, x), 1e-5, 1e-5));
  EXPECT_EQ(rows, 3 * 9 + 8 * 9 + 8);
}

TEST(RoundingBorderTest, ColumnsOfGroupsStridesAndDilations) {
  torch::manual_seed(7);
  Graph graph;
  graph.Append({"input", Op::kInput});
  Node conv{"conv", Op::kConv2d, {{0, 0}}};
  conv.attributes = {{"stride", {2, 1}}, {"padding", {1, 2}}, {"dilation", 2}, {"groups", 3}};
  conv.parameters = {{"weight", torch::randn({9, 2, 3, 2})}, {"bias", torch::randn({9})}};
  graph.output = {graph.Append(conv), 0};
  ForwardHooks hooks;
  hooks.replace_columns[1] = [](const torch::Tensor& columns) { return columns; };
  const torch::Tensor x = torch::randn({2, 6, 11, 9});
  EXPECT_TRUE(
      torch::allclose(zerosweep::Run(graph, x, hooks), zerosweep::Run(graph, x), 1e-5, 1e-5));
}

class BorderedNetworkTest : public testing::TestWithParam<BorderRows> {};

TEST_P(BorderedNetworkTest, RoundingBorderTestBordersAreSavedAndLoaded) {
  torch::manual_seed(8);
  const Teacher teacher = TinyTeacher();
  const torch::Tensor x = torch::randn({4, 3, 8, 8});
  const Protocol protocol{.act_placement = ActPlacement::kOpInput};
  QuantizedNetwork network(teacher, {protocol, /*fold=*/true, 4, 3});
  network.Forward(x, [&](size_t site, const torch::Tensor& tensor) {
    auto& activation = network.activations()[site];
    activation.grid = EstimateGrid(tensor, activation.site.bits, {}, /*per_channel=*/false);
  });
  const torch::Tensor nearest = network.Forward(x);
  for (auto& activation : network.activations()) {
    for (const int reader : network.graph().Users(activation.site.node)) {
      const Node& node = network.graph().nodes[static_cast<size_t>(reader)];
      if (!node.weighted()) continue;
      const torch::Tensor& weight = node.parameters.at("weight");
      const bool channel = GetParam() == BorderRows::kChannel;
      const int64_t rows = channel ? weight.size(1) : weight.numel() / weight.size(0);
      activation.borders[channel ? kEveryReader : reader] = 0.4 * torch::randn({3, rows});
      if (!channel) activation.site.by_element.push_back(reader);
    }
  }
  const torch::Tensor bordered = network.Forward(x);
  EXPECT_FALSE(torch::allclose(bordered, nearest, 1e-3, 1e-3));
  const TempFolder folder;
  network.Save(folder.path());
  EXPECT_TRUE(torch::equal(QuantizedNetwork::Load(teacher, folder.path()).Forward(x), bordered));
}

INSTANTIATE_TEST_SUITE_P(RoundingBorderTest, BorderedNetworkTest,
                         testing::Values(BorderRows::kChannel, BorderRows::kElement));

}  // namespace
}  // namespace zerosweep
