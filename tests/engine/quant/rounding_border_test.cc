#include "engine/quant/rounding_border.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/graph/executor.h"
#include "engine/quant/quantized_network.h"
#include "engine/quant/range_estimation.h"
#include "engine/quant/site_hooks.h"
#include "tests/support/engine/tiny_network.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

TEST(RoundingBorderTest, WithoutCoefficientsItIsNearestButForTies) {
  torch::manual_seed(0);
  const torch::Tensor step = torch::tensor(0.25F), none = torch::zeros({3, 5});
  const torch::Tensor x = torch::randn({4, 5, 6, 6});
  const UniformGrid grid = GridFromStep(step, torch::tensor(6.F), 4);
  EXPECT_TRUE(torch::equal(BorderQuantize(x, step, none, 6, 4), FakeQuantize(x, grid)));
  // ceil(u − 1/2) takes halves down, rint to even.
  const torch::Tensor ties = torch::tensor({{0.5F, 1.5F, 2.5F, 3.5F, -0.5F}}) * step;
  const torch::Tensor down = torch::tensor({{0.F, 1.F, 2.F, 3.F, -1.F}}) * step;
  EXPECT_TRUE(torch::equal(BorderQuantize(ties, step, none, 6, 4), down));
}

// q − u is at least −B and less than 1 − B; what has a code keeps it under any border.
TEST(RoundingBorderTest, CodesChangeAtTheBorder) {
  torch::manual_seed(1);
  const torch::Tensor step = torch::tensor(0.5F);
  const torch::Tensor border = torch::tensor({{0.2F, -0.3F}, {0.1F, 1.F}, {-0.4F, 0.5F}});
  const torch::Tensor x = torch::rand({1000, 2}) * 7;
  const torch::Tensor u = x / step, t = u / 15;
  const torch::Tensor b = (0.5 + border[0] + border[1] * t + border[2] * t * t).clamp(0, 0.999);
  const torch::Tensor q = BorderQuantize(x, step, border, 0, 4) / step;
  EXPECT_TRUE((q - u >= -b - 1e-5).all().item<bool>());
  EXPECT_TRUE((q - u < 1 - b + 1e-5).all().item<bool>());
  const torch::Tensor codes = torch::arange(16).to(torch::kFloat32).view({-1, 1}) * step;
  for (const float coefficient : {-9.F, 9.F}) {
    EXPECT_TRUE(
        torch::equal(BorderQuantize(codes, step, torch::full({3, 1}, coefficient), 0, 4), codes));
  }
}

// Every gradient by its definition, element by element in double precision.
TEST(RoundingBorderTest, GradientsAreTheDefinitions) {
  torch::manual_seed(2);
  const int bits = 3, z = 2;
  const double low = -z, high = 7 - z, s = 0.3;
  const torch::Tensor x = torch::randn({4, 5, 3, 3}, torch::kFloat64).set_requires_grad(true);
  const torch::Tensor step = torch::tensor(s, torch::kFloat64).set_requires_grad(true);
  const torch::Tensor border =
      (0.4 * torch::randn({3, 5}, torch::kFloat64)).set_requires_grad(true);
  const torch::Tensor g = torch::randn_like(x);
  const torch::Tensor keep = (torch::rand_like(x) < 0.7).to(torch::kUInt8);
  (BorderQuantize(x, step, border, z, bits, keep) * g).sum().backward();
  double for_step = 0;
  torch::Tensor for_border = torch::zeros({3, 5}, torch::kFloat64);
  int clipped = 0, moved = 0;
  for (int64_t n = 0; n < 4; ++n) {
    for (int64_t r = 0; r < 5; ++r) {
      for (int64_t i = 0; i < 9; ++i) {
        const auto at = [&](const torch::Tensor& t) {
          return t.detach()[n][r].flatten()[i].item<double>();
        };
        const auto b = [&](int64_t k) { return border.detach()[k][r].item<double>(); };
        const double u = at(x) / s, t = u / 7, from = at(g);
        const double quadratic = 0.5 + b(0) + b(1) * t + b(2) * t * t;
        const double q = std::ceil(u - std::min(std::max(quadratic, 0.0), 0.999));
        const bool inside = q >= low && q <= high, kept = at(keep) != 0;
        EXPECT_NEAR(at(x.grad()), inside || !kept ? from : 0, 1e-12);
        if (!kept) continue;
        for_step += from * (inside ? q - u : (q < low ? low : high));
        const bool moves = inside && quadratic >= 0 && quadratic <= 0.999;
        (moves ? moved : clipped) += 1;
        for (int k = 0; moves && k < 3; ++k) for_border[k][r] += -s * from * std::pow(t, k);
      }
    }
  }
  EXPECT_GT(moved, 50);
  EXPECT_GT(clipped, 10);
  EXPECT_NEAR(step.grad().item<double>(), for_step / std::sqrt(180.0 * 7), 1e-12);
  EXPECT_TRUE(torch::allclose(border.grad(), for_border, 1e-12, 1e-12));
}

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
