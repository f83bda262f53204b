#include "engine/graph/convolution.h"

#include <gtest/gtest.h>

#include <limits>
#include <tuple>

#include "engine/graph/subgraph.h"
#include "engine/models/builder.h"
#include "engine/models/registry.h"
#include "tests/support/engine/expect_close.h"

namespace zerosweep {
namespace {

constexpr double kHalfStep = 1.0 / 256;  // of bfloat16, relative
constexpr double kSums = 1e-5;           // in float32

torch::Tensor Rounded(const torch::Tensor& x) { return x.to(torch::kBFloat16).to(torch::kFloat64); }

struct ConvolutionCase {
  int64_t channels, outputs, kernel;
  ConvolutionShape shape;
};

const std::vector<ConvolutionCase> kCases = {
    {16, 7, 3, {.padding = {1, 1}}},
    {33, 5, 1, {.stride = {2, 2}}},
    {24, 8, 3, {.stride = {2, 1}, .padding = {2, 0}, .dilation = {1, 2}}}};

// The definition in double precision, on operands rounded to bfloat16.
TEST(ConvolutionTest, Bfloat16RoundsOperandsAndResultsAlone) {
  if (!Bfloat16IsFaster(torch::kCPU)) GTEST_SKIP() << "bfloat16 is no faster on this CPU";
  torch::manual_seed(1);
  for (const ConvolutionCase& one : kCases) {
    const torch::Tensor x = torch::randn({2, one.channels, 9, 11}).set_requires_grad(true);
    const torch::Tensor w =
        torch::randn({one.outputs, one.channels, one.kernel, one.kernel}).set_requires_grad(true);
    const torch::Tensor bias = torch::randn({one.outputs});
    const torch::Tensor y = Convolve(x, w, bias, one.shape, Precision::kBfloat16);
    EXPECT_EQ(y.scalar_type(), torch::kFloat32);
    const torch::Tensor upstream = torch::randn_like(y);
    y.backward(upstream);

    const torch::Tensor plain_x = Rounded(x.detach()).set_requires_grad(true);
    const torch::Tensor plain_w = Rounded(w.detach()).set_requires_grad(true);
    const torch::Tensor products = torch::conv2d(plain_x, plain_w, {}, one.shape.stride,
                                                 one.shape.padding, one.shape.dilation);
    products.backward(Rounded(upstream));
    ExpectClose(y, products.detach() + bias.to(torch::kFloat64).view({-1, 1, 1}),
                kHalfStep + kSums);
    ExpectClose(x.grad(), plain_x.grad(), kHalfStep + kSums);
    ExpectClose(w.grad(), plain_w.grad(), kHalfStep + kSums);
    EXPECT_GT((y - Convolve(x, w, bias, one.shape)).abs().max().item<double>(), 1e-3);
  }
}

TEST(ConvolutionTest, WhatBfloat16WouldNotMakeFasterStaysFloat32) {
  torch::manual_seed(2);
  const torch::Tensor few = torch::randn({2, 15, 8, 8}), many = torch::randn({2, 32, 8, 8});
  const torch::Tensor dense = torch::randn({4, 15, 3, 3}), depthwise = torch::randn({32, 1, 3, 3});
  for (const auto& [x, weight, groups] :
       {std::tuple(few, dense, int64_t{1}), std::tuple(many, depthwise, int64_t{32})}) {
    const torch::Tensor plain = torch::convolution(
        x, weight, /*bias=*/{}, /*stride=*/{1, 1}, /*padding=*/{0, 0}, /*dilation=*/{1, 1},
        /*transposed=*/false, /*output_padding=*/{0, 0}, groups);
    EXPECT_TRUE(
        torch::equal(Convolve(x, weight, {}, {.groups = groups}, Precision::kBfloat16), plain));
  }
}

TEST(ConvolutionTest, PartsAndFoldedGraphsKeepThePrecision) {
  Graph graph = BuildModel("resnet20_cifar_a", 3, 32, 32, 10);
  graph.precision = Precision::kBfloat16;
  EXPECT_EQ(FoldBatchNorms(graph).precision, Precision::kBfloat16);
  EXPECT_EQ(Extract(graph, {0, 0}, graph.output).graph.precision, Precision::kBfloat16);
  EXPECT_EQ(graph.Clone().precision, Precision::kBfloat16);
}

TEST(ConvolutionTest, AnInfiniteValueStays) {
  torch::Tensor x = torch::ones({1, 16, 3, 3});
  x[0][0][1][1] = std::numeric_limits<float>::infinity();
  const torch::Tensor y = Convolve(x, torch::ones({1, 16, 1, 1}), {}, {}, Precision::kBfloat16);
  EXPECT_TRUE(torch::isinf(y[0][0][1][1]).item<bool>());
  EXPECT_EQ(y[0][0][0][0].item<float>(), 16);
}

}  // namespace
}  // namespace zerosweep
