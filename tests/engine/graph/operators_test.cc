#include "engine/graph/operators.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "engine/graph/executor.h"

namespace zerosweep {
namespace {

const std::vector<float> kNumbers = {-7.5f, -3, -1, -0.25f, 0, 0.25f, 1, 3, 6, 7.5f};

torch::Tensor One(const Node& node, std::vector<torch::Tensor> inputs) {
  return Compute(node, std::move(inputs)).at(0);
}

TEST(OperatorsTest, EveryOperatorHasItsRowAndANameOfItsOwn) {
  std::set<std::string> names;
  for (size_t i = 0; i < kOpCount; ++i) {
    const Operator& described = Operators()[i];
    EXPECT_EQ(described.op, static_cast<Op>(i)) << described.name;
    EXPECT_TRUE(names.insert(described.name).second) << described.name;
    EXPECT_EQ(FindOperator(described.name), &described);
    EXPECT_LE(described.least_inputs, described.most_inputs);
  }
  EXPECT_EQ(FindOperator("loop"), nullptr);
}

// Against the formula of each, in double precision.
TEST(OperatorsTest, ActivationsAreTheirFormulas) {
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  const auto clip = [](double x, double low, double high) {
    return std::min(std::max(x, low), high);
  };
  const auto softplus = [](double x) { return std::log1p(std::exp(x)); };
  struct Case {
    Node node;
    std::function<double(double)> formula;
  };
  const std::vector<Case> cases = {
      {{.op = Op::kRelu}, [](double x) { return std::max(x, 0.0); }},
      {{.op = Op::kRelu6}, [&](double x) { return clip(x, 0, 6); }},
      {{.op = Op::kLeakyRelu, .attributes = {{"slope", 0.1}}},
       [](double x) { return x < 0 ? 0.1 * x : x; }},
      {{.op = Op::kElu, .attributes = {{"alpha", 0.5}}},
       [](double x) { return x < 0 ? 0.5 * (std::exp(x) - 1) : x; }},
      {{.op = Op::kClip, .attributes = {{"min", -1.0}, {"max", 2.0}}},
       [&](double x) { return clip(x, -1, 2); }},
      {{.op = Op::kClip, .attributes = {{"max", 2.0}}}, [](double x) { return std::min(x, 2.0); }},
      {{.op = Op::kSigmoid}, sigmoid},
      {{.op = Op::kHardSigmoid, .attributes = {{"slope", 0.2}, {"offset", 0.5}}},
       [&](double x) { return clip(0.2 * x + 0.5, 0, 1); }},
      {{.op = Op::kSilu}, [&](double x) { return x * sigmoid(x); }},
      {{.op = Op::kHardSwish}, [&](double x) { return x * clip(x + 3, 0, 6) / 6; }},
      {{.op = Op::kMish}, [&](double x) { return x * std::tanh(softplus(x)); }},
      {{.op = Op::kGelu}, [](double x) { return x / 2 * (1 + std::erf(x / std::sqrt(2))); }},
      {{.op = Op::kGelu, .attributes = {{"tanh", true}}},
       [](double x) {
         const double inner = std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x);
         return x / 2 * (1 + std::tanh(inner));
       }},
      {{.op = Op::kTanh}, [](double x) { return std::tanh(x); }},
      {{.op = Op::kSoftplus}, softplus},
      {{.op = Op::kErf}, [](double x) { return std::erf(x); }},
      {{.op = Op::kNeg}, [](double x) { return -x; }},
      {{.op = Op::kAbs}, [](double x) { return std::abs(x); }},
      {{.op = Op::kExp}, [](double x) { return std::exp(x); }},
      {{.op = Op::kPow, .attributes = {{"exponent", 2.0}}}, [](double x) { return x * x; }},
  };
  const torch::Tensor x = torch::tensor(kNumbers).view({1, -1});
  for (const auto& [node, formula] : cases) {
    const torch::Tensor y = One(node, {x});
    const Signs signs = Describe(node.op).signs;
    for (size_t i = 0; i < kNumbers.size(); ++i) {
      const double wanted = formula(kNumbers[i]),
                   got = y[0][static_cast<int64_t>(i)].item<double>();
      EXPECT_NEAR(got, wanted, 2e-6 * std::max(1.0, std::abs(wanted)))
          << ToString(node.op) << " of " << kNumbers[i];
      const bool positive =
          signs == Signs::kNonNegative || (signs == Signs::kKept && kNumbers[i] >= 0);
      EXPECT_TRUE(!positive || got >= 0) << ToString(node.op) << " of " << kNumbers[i];
    }
  }
}

TEST(OperatorsTest, APReluHasASlopeForEachChannel) {
  const Node node{.op = Op::kPRelu, .parameters = {{"weight", torch::tensor({0.5f, 2.0f})}}};
  const torch::Tensor x = torch::tensor({-1.f, 1.f, -1.f, 1.f}).view({1, 2, 1, 2});
  const torch::Tensor expected = torch::tensor({-0.5f, 1.f, -2.f, 1.f}).view({1, 2, 1, 2});
  EXPECT_TRUE(torch::equal(One(node, {x}), expected));
}

TEST(OperatorsTest, BinaryOperatorsBroadcast) {
  const torch::Tensor x = torch::tensor({1.f, 2.f, 3.f, 4.f}).view({1, 2, 1, 2}),
                      gate = torch::tensor({2.f, 4.f}).view({1, 2, 1, 1});
  const auto expect = [&](Op op, const std::vector<float>& wanted) {
    EXPECT_TRUE(torch::equal(One({.op = op}, {x, gate}), torch::tensor(wanted).view({1, 2, 1, 2})))
        << ToString(op);
  };
  expect(Op::kBroadcastAdd, {3, 4, 7, 8});
  expect(Op::kSub, {-1, 0, -1, 0});
  expect(Op::kMul, {2, 4, 12, 16});
  expect(Op::kDiv, {0.5, 1, 0.75, 1});
  const Node offset{.op = Op::kOffset, .parameters = {{"other", gate}}};
  EXPECT_TRUE(torch::equal(One(offset, {x}), x + gate));
  const Node scale{.op = Op::kScale, .parameters = {{"other", gate}}};
  EXPECT_TRUE(torch::equal(One(scale, {x}), x * gate));
}

TEST(OperatorsTest, MultipliesMatrices) {
  const torch::Tensor a = torch::tensor({1.f, 2.f, 3.f, 4.f}).view({1, 2, 2}),
                      b = torch::tensor({0.f, 1.f, 1.f, 0.f}).view({1, 2, 2});
  EXPECT_TRUE(torch::equal(One({.op = Op::kMatMul}, {a, b}),
                           torch::tensor({2.f, 1.f, 4.f, 3.f}).view({1, 2, 2})));
}

// 0, 1, 2, … as images of two channels of 2×2.
torch::Tensor Count(at::IntArrayRef shape) {
  int64_t values = 1;
  for (const int64_t n : shape) values *= n;
  return torch::arange(values, torch::kFloat32).reshape(shape);
}

TEST(OperatorsTest, MoversOnlyOrderAndChoose) {
  struct Case {
    Node node;
    std::vector<float> expected;
    std::vector<int64_t> shape;
  };
  // x[c][y][x] = 4c + 2y + x
  const std::vector<Case> cases = {
      {{.op = Op::kSlice, .attributes = {{"dim", 1}, {"start", 1}, {"end", 2}, {"step", 1}}},
       {4, 5, 6, 7},
       {1, 1, 2, 2}},
      {{.op = Op::kSlice, .attributes = {{"dim", 3}, {"start", 0}, {"end", 2}, {"step", 2}}},
       {0, 2, 4, 6},
       {1, 2, 2, 1}},
      {{.op = Op::kReshape, .attributes = {{"shape", {4, 2}}}},
       {0, 1, 2, 3, 4, 5, 6, 7},
       {1, 4, 2}},
      {{.op = Op::kPermute, .attributes = {{"dims", {0, 2, 3, 1}}}},
       {0, 4, 1, 5, 2, 6, 3, 7},
       {1, 2, 2, 2}},
      {{.op = Op::kPixelUnshuffle, .attributes = {{"factor", 2}}},
       {0, 1, 2, 3, 4, 5, 6, 7},
       {1, 8, 1, 1}},
      {{.op = Op::kUpsampleNearest, .attributes = {{"size", {2, 4}}}},
       {0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7},
       {1, 2, 2, 4}},
  };
  for (const auto& [node, expected, shape] : cases) {
    EXPECT_TRUE(torch::equal(One(node, {Count({1, 2, 2, 2})}), torch::tensor(expected).view(shape)))
        << ToString(node.op);
    EXPECT_TRUE(Describe(node.op).moves) << ToString(node.op);
  }
  const Node shuffle{.op = Op::kPixelShuffle, .attributes = {{"factor", 2}}};
  EXPECT_TRUE(torch::equal(One(shuffle, {Count({1, 4, 1, 1})}), Count({1, 1, 2, 2})));
  const auto parts = Compute({.op = Op::kSplit, .attributes = {{"sizes", {1, 2}}, {"dim", 1}}},
                             {Count({1, 3, 1, 1})});
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_TRUE(torch::equal(parts[1], torch::tensor({1.f, 2.f}).view({1, 2, 1, 1})));
}

TEST(OperatorsTest, PadsAndSpreads) {
  const torch::Tensor x = Count({1, 1, 2, 2}) + 1;
  const Node zeros{.op = Op::kPad, .attributes = {{"pads", {1, 0, 0, 1}}}};
  EXPECT_TRUE(torch::equal(
      One(zeros, {x}),
      torch::tensor({0.f, 1.f, 2.f, 0.f, 3.f, 4.f, 0.f, 0.f, 0.f}).view({1, 1, 3, 3})));
  const Node mirror{.op = Op::kPad, .attributes = {{"pads", {1, 0, 0, 0}}, {"mode", "reflect"}}};
  EXPECT_TRUE(torch::equal(One(mirror, {x}),
                           torch::tensor({2.f, 1.f, 2.f, 4.f, 3.f, 4.f}).view({1, 1, 2, 3})));
  const Node spread{.op = Op::kInsertZeros, .attributes = {{"stride", {2, 1}}}};
  EXPECT_TRUE(torch::equal(One(spread, {x}),
                           torch::tensor({1.f, 2.f, 0.f, 0.f, 3.f, 4.f}).view({1, 1, 3, 2})));
}

TEST(OperatorsTest, ReducesAndNormalises) {
  const torch::Tensor x = Count({1, 2, 1, 2});  // 0 1 | 2 3
  const Json over_maps = {{"dims", {2, 3}}, {"keepdim", true}};
  const auto expect = [&](Op op, float first, float second) {
    EXPECT_TRUE(torch::equal(One({.op = op, .attributes = over_maps}, {x}),
                             torch::tensor({first, second}).view({1, 2, 1, 1})))
        << ToString(op);
  };
  expect(Op::kMean, 0.5, 2.5);
  expect(Op::kSum, 1, 5);
  expect(Op::kMax, 1, 3);
  const torch::Tensor shares = One({.op = Op::kSoftmax, .attributes = {{"dim", 3}}}, {x});
  EXPECT_NEAR(shares[0][1][0][1].item<double>(), 1 / (1 + std::exp(-1.0)), 1e-6);
  const torch::Tensor logs = One({.op = Op::kLogSoftmax, .attributes = {{"dim", 3}}}, {x});
  EXPECT_NEAR(logs[0][1][0][1].item<double>(), -std::log1p(std::exp(-1.0)), 1e-6);
  const Node norm{
      .op = Op::kLayerNorm,
      .attributes = {{"shape", {2}}, {"eps", 0.0}},
      .parameters = {{"weight", torch::tensor({1.f, 2.f})}, {"bias", torch::tensor({0.f, 1.f})}}};
  // Two values lie one standard deviation from their mean.
  EXPECT_TRUE(
      torch::allclose(One(norm, {x}), torch::tensor({-1.f, 3.f, -1.f, 3.f}).view({1, 2, 1, 2})));
}

TEST(OperatorsTest, UpsamplesLinearly) {
  const torch::Tensor x = torch::tensor({0.f, 4.f}).view({1, 1, 1, 2});
  const auto expect = [&](bool corners, const std::vector<float>& wanted) {
    const Node node{.op = Op::kUpsampleLinear,
                    .attributes = {{"size", {1, 4}}, {"align_corners", corners}}};
    EXPECT_TRUE(torch::allclose(One(node, {x}), torch::tensor(wanted).view({1, 1, 1, 4})));
  };
  expect(false, {0, 1, 3, 4});
  expect(true, {0, 4.f / 3, 8.f / 3, 4});
}

TEST(OperatorsTest, WhatAnotherHoldsIsNotOverwritten) {
  const torch::Tensor x = torch::tensor({-1.f, 1.f}).view({1, 2});
  for (const Op op : {Op::kRelu, Op::kAdd}) {
    One({.op = op}, std::vector<torch::Tensor>(op == Op::kAdd ? 2 : 1, x));
    EXPECT_TRUE(torch::equal(x, torch::tensor({-1.f, 1.f}).view({1, 2}))) << ToString(op);
  }
}

// A batch norm behind a linear layer, alone and with a ReLU.
TEST(OperatorsTest, ABatchNormOfVectorsIsOneOfMapsOfOnePixel) {
  Graph graph;
  graph.Append({.name = "input"});
  graph.Append({.name = "norm",
                .op = Op::kBatchNorm,
                .inputs = {{0, 0}},
                .attributes = {{"eps", 0.0}},
                .parameters = {{"weight", torch::tensor({2.f, 1.f})},
                               {"bias", torch::tensor({0.f, 1.f})},
                               {"running_mean", torch::tensor({1.f, 0.f})},
                               {"running_var", torch::tensor({4.f, 1.f})}}});
  graph.Append({.name = "relu", .op = Op::kRelu, .inputs = {{1, 0}}});
  graph.output = {2, 0};
  graph.Check();
  const torch::Tensor x = torch::tensor({3.f, -3.f}).view({1, 2});
  ForwardHooks hooks;
  int64_t values = 0;
  hooks.on_moments = [&](int, const ImageMoments& moments) { values = moments.values; };
  EXPECT_TRUE(
      torch::equal(zerosweep::Run(graph, x, hooks), torch::tensor({2.f, 0.f}).view({1, 2})));
  EXPECT_EQ(values, 1);
}

}  // namespace
}  // namespace zerosweep
