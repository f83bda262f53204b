#include "engine/quant/integer_layer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "base/error.h"

namespace zerosweep {
namespace {

struct Shape {
  int64_t in, out, kernel;
  int64_t stride = 1, padding = 0, dilation = 1, groups = 1;
  int64_t side = 7, images = 2;
};

// Layers of networks and awkward ones: borders, strides, holes, groups, one pixel, odd channels.
std::vector<Shape> Shapes() {
  return {{.in = 16, .out = 16, .kernel = 3, .padding = 1},
          {.in = 17, .out = 19, .kernel = 3, .padding = 1},
          {.in = 16, .out = 32, .kernel = 3, .stride = 2, .padding = 1, .side = 8},
          {.in = 3, .out = 5, .kernel = 5, .stride = 2, .padding = 2, .images = 1},
          {.in = 24, .out = 40, .kernel = 3, .padding = 2, .dilation = 2},
          {.in = 33, .out = 33, .kernel = 3, .padding = 1, .groups = 33},
          {.in = 32, .out = 32, .kernel = 5, .stride = 2, .padding = 2, .groups = 32, .side = 9},
          {.in = 32, .out = 48, .kernel = 3, .padding = 1, .groups = 4},
          {.in = 30, .out = 20, .kernel = 3, .stride = 2, .padding = 1, .groups = 5},
          {.in = 12, .out = 24, .kernel = 3, .padding = 1, .groups = 12},
          {.in = 64, .out = 10, .kernel = 1, .side = 1, .images = 1},
          {.in = 70, .out = 33, .kernel = 1, .stride = 2},
          {.in = 512, .out = 8, .kernel = 3, .padding = 1, .side = 4, .images = 1}};
}

Node Convolution(const Shape& s) {
  return {.name = "conv",
          .op = Op::kConv2d,
          .attributes = {{"stride", s.stride},
                         {"padding", s.padding},
                         {"dilation", s.dilation},
                         {"groups", s.groups}}};
}

// Σ (u − v) · w in 64 bits, one product after another; there is nothing outside the image.
torch::Tensor Sums(const Shape& s, const torch::Tensor& u, int64_t v, const torch::Tensor& w) {
  const int64_t side = (s.side + 2 * s.padding - s.dilation * (s.kernel - 1) - 1) / s.stride + 1;
  torch::Tensor sums = torch::zeros({s.images, s.out, side, side}, torch::kInt64);
  const auto from = u.accessor<uint8_t, 4>();
  const auto with = w.accessor<int64_t, 4>();
  auto to = sums.accessor<int64_t, 4>();
  const int64_t in = s.in / s.groups, out = s.out / s.groups;
  const auto sum = [&](int64_t n, int64_t o, int64_t y, int64_t x) {
    int64_t total = 0;
    for (int64_t i = 0; i < s.kernel; ++i) {
      for (int64_t j = 0; j < s.kernel; ++j) {
        const int64_t row = y * s.stride - s.padding + i * s.dilation;
        const int64_t column = x * s.stride - s.padding + j * s.dilation;
        if (row < 0 || column < 0 || row >= s.side || column >= s.side) continue;
        for (int64_t c = 0; c < in; ++c)
          total += (from[n][o / out * in + c][row][column] - v) * with[o][c][i][j];
      }
    }
    return total;
  };
  for (int64_t n = 0; n < s.images; ++n)
    for (int64_t o = 0; o < s.out; ++o)
      for (int64_t y = 0; y < side; ++y)
        for (int64_t x = 0; x < side; ++x) to[n][o][y][x] = sum(n, o, y, x);
  return sums;
}

torch::Tensor Input(const Shape& s, int64_t last = 255) {
  return torch::randint(last + 1, {s.images, s.in, s.side, s.side}, torch::kUInt8);
}
QuantizedWeight Weight(const Shape& s, const torch::Tensor& zero, const torch::Tensor& scale) {
  const std::vector<int64_t> shape = {s.out, s.in / s.groups, s.kernel, s.kernel};
  return {torch::randint(-128, 128, shape, torch::kInt8), {8, scale, zero}};
}
// Codes from 0 on, of which `v` stands for 0.
UniformGrid Grid(int64_t v, double scale = 1) {
  return {8, torch::tensor(scale, torch::kFloat32), torch::tensor(static_cast<float>(128 - v))};
}

struct IntegerLayerTest : testing::Test {
  void SetUp() override {
    if (!IntegerProduct::Exact()) GTEST_SKIP() << "this CPU has no VNNI";
  }
};

// Weights that fit into int8 as they are: what oneDNN sums, which float32 only rounds.
TEST_F(IntegerLayerTest, SumsAreThoseOfA64BitLoop) {
  torch::manual_seed(0);
  for (const Shape& s : Shapes()) {
    SCOPED_TRACE(fmt::format("{} → {}, kernel {}, groups {}", s.in, s.out, s.kernel, s.groups));
    for (const int64_t v : {0, 1, 7, 128, 255, -3, 300}) {
      for (const int extreme : {0, 127, -128}) {
        torch::Tensor input = Input(s);
        QuantizedWeight weight = Weight(s, torch::zeros(s.out), torch::ones(s.out));
        if (extreme != 0) {
          input.fill_(255);
          weight.codes.fill_(extreme);
        }
        const IntegerLayer layer(Convolution(s), weight, Grid(v));
        ASSERT_FALSE(layer.shifts());
        const torch::Tensor sums = Sums(s, input, v, weight.codes.to(torch::kInt64));
        ASSERT_TRUE(torch::equal(layer.Run(input), sums.to(torch::kFloat32))) << v;
      }
    }
  }
}

TEST_F(IntegerLayerTest, KernelsNeedNotBeSquare) {
  torch::manual_seed(5);
  const Node node{.name = "conv", .op = Op::kConv2d, .attributes = {{"padding", {0, 1}}}};
  for (const float z : {0.F, 55.F}) {
    const QuantizedWeight weight = {torch::randint(-128, 128, {8, 16, 1, 3}, torch::kInt8),
                                    {8, torch::ones(8), torch::full(8, z)}};
    const torch::Tensor input = torch::randint(256, {2, 16, 5, 6}, torch::kUInt8);
    const torch::Tensor y =
        torch::conv2d(input.to(torch::kFloat64) - 3, weight.codes.to(torch::kFloat64) + z, {}, 1,
                      at::IntArrayRef{0, 1});
    // Fewer than 2^24, so that float32 holds them.
    EXPECT_TRUE(
        torch::equal(IntegerLayer(node, weight, Grid(3)).Run(input).to(torch::kFloat64), y));
  }
}

// Zero points that are odd, of both signs and large, in one layer. float32 rounds the two sums, and
// then their sum: three times half a digit of the largest.
TEST_F(IntegerLayerTest, ZeroPointsOfWeightsAreTakenOut) {
  torch::manual_seed(1);
  for (const Shape& s : Shapes()) {
    SCOPED_TRACE(fmt::format("{} → {}, kernel {}, groups {}", s.in, s.out, s.kernel, s.groups));
    for (const int64_t v : {0, 7, 255}) {
      const torch::Tensor input = Input(s);
      const torch::Tensor zero =
          torch::randint(-200, 200, {s.out}).mul(2).add(1).to(torch::kFloat32);
      QuantizedWeight weight = Weight(s, zero, torch::ones(s.out));
      const IntegerLayer layer(Convolution(s), weight, Grid(v));
      EXPECT_TRUE(layer.shifts());
      const torch::Tensor w =
          weight.codes.to(torch::kInt64) + zero.to(torch::kInt64).view({-1, 1, 1, 1});
      const torch::Tensor sums = Sums(s, input, v, w).to(torch::kFloat64);
      const double terms = static_cast<double>(w[0].numel());
      const double bound = 3 * std::ldexp(terms * 300 * 600, -24);
      EXPECT_LE((layer.Run(input) - sums).abs().max().item<double>(), bound) << v;
    }
  }
}

TEST_F(IntegerLayerTest, ScalesAndBiasAreTheLayers) {
  torch::manual_seed(2);
  const Shape s{.in = 20, .out = 12, .kernel = 3, .stride = 2, .padding = 1, .groups = 2};
  Node node = Convolution(s);
  const torch::Tensor bias = torch::randn(s.out), scale = torch::rand(s.out) + 20;
  node.parameters["bias"] = bias;
  const torch::Tensor zero = torch::randint(-9, 9, {s.out}).to(torch::kFloat32);
  const QuantizedWeight weight = Weight(s, zero, scale);
  const UniformGrid grid = Grid(31, 17);
  const torch::Tensor input = Input(s);
  const torch::Tensor x = Decode(input.to(torch::kFloat64) - 128, grid),
                      w = Decode(weight.codes.to(torch::kFloat64), weight.grid);
  const torch::Tensor y = torch::conv2d(x.to(torch::kFloat64), w.to(torch::kFloat64),
                                        bias.to(torch::kFloat64), s.stride, s.padding, 1, s.groups);
  EXPECT_TRUE(torch::allclose(IntegerLayer(node, weight, grid).Run(input).to(torch::kFloat64), y,
                              1e-5, 1e-4));
}

TEST_F(IntegerLayerTest, LinearLayersToo) {
  torch::manual_seed(3);
  const Node node{.name = "fc", .op = Op::kLinear};
  for (const auto& [images, in, out] :
       std::vector<std::array<int64_t, 3>>{{1, 64, 10}, {7, 513, 100}}) {
    for (const float z : {0.F, 33.F}) {
      const QuantizedWeight weight = {torch::randint(-128, 128, {out, in}, torch::kInt8),
                                      {8, torch::ones(out), torch::full(out, z)}};
      const torch::Tensor input = torch::randint(256, {images, in}, torch::kUInt8);
      const torch::Tensor sums =
          torch::matmul(input.to(torch::kFloat64) - 7, (weight.codes.to(torch::kFloat64) + z).t());
      const torch::Tensor y = IntegerLayer(node, weight, Grid(7)).Run(input);
      const double bound = z == 0 ? 0 : 3 * std::ldexp(static_cast<double>(in) * 255 * 161, -24);
      EXPECT_LE((y - sums.to(torch::kFloat32)).abs().max().item<double>(), bound);
    }
  }
}

// The codes are the nearest ones of the float network; they may differ by one on a border.
TEST_F(IntegerLayerTest, ATailGivesTheNextCodes) {
  torch::manual_seed(4);
  const Shape s{.in = 16, .out = 24, .kernel = 3, .padding = 1};
  const Node norm{.name = "bn",
                  .op = Op::kBatchNorm,
                  .attributes = {{"eps", 1e-5}},
                  .parameters = {{"weight", torch::randn(s.out)},
                                 {"bias", torch::randn(s.out)},
                                 {"running_mean", torch::randn(s.out)},
                                 {"running_var", torch::rand(s.out) + 0.5}}};
  QuantizedWeight weight = Weight(s, torch::zeros(s.out), torch::rand(s.out) * 100 + 100);
  const UniformGrid grid = Grid(0, 30), added = Grid(100, 20);
  const torch::Tensor input = Input(s);
  const torch::Tensor other = torch::randint(256, {s.images, s.out, s.side, s.side}, torch::kUInt8);
  const auto values = [](const torch::Tensor& codes, const UniformGrid& of) {
    return Decode(codes.to(torch::kFloat32) - (1 << (of.bits - 1)), of);
  };
  const torch::Tensor conv =
      torch::conv2d(values(input, grid), Decode(weight.codes, weight.grid), {}, 1, 1);
  const auto& of = norm.parameters;
  const torch::Tensor y =
      torch::batch_norm(conv, of.at("weight"), of.at("bias"), of.at("running_mean"),
                        of.at("running_var"), false, 0, 1e-5, false);
  for (const int bits : {8, 4}) {
    const UniformGrid next = MakeUniformGrid(torch::tensor(-1.F), torch::tensor(8.F), bits);
    for (const Op op : {Op::kRelu, Op::kRelu6, Op::kInput}) {
      for (const bool adds : {false, true}) {
        const Node activation{.name = "relu", .op = op};
        const IntegerTail tail{.norm = &norm,
                               .added = adds ? &added : nullptr,
                               .activation = op == Op::kInput ? nullptr : &activation,
                               .output = &next};
        const torch::Tensor codes =
            IntegerLayer(Convolution(s), weight, grid, tail)
                .Run(input, adds ? other.clone(at::MemoryFormat::ChannelsLast) : torch::Tensor());
        torch::Tensor sum = adds ? y + values(other, added) : y;
        if (op != Op::kInput) sum = torch::relu(sum);
        if (op == Op::kRelu6) sum = sum.clamp_max(6);
        const torch::Tensor wanted = Encode(sum, next).to(torch::kInt64) + (1 << (bits - 1));
        const torch::Tensor off = (codes.to(torch::kInt64) - wanted).abs();
        EXPECT_LE(off.max().item<int64_t>(), 1);
        EXPECT_LE(off.sum().item<int64_t>(), 2) << bits << " bits, " << ToString(op) << adds;
        EXPECT_GT(wanted.max().item<int64_t>(), wanted.min().item<int64_t>() + 5);
      }
    }
  }
}

TEST_F(IntegerLayerTest, RefusesWhatIsNoInteger) {
  const Shape s{.in = 4, .out = 2, .kernel = 1};
  const QuantizedWeight half = Weight(s, torch::full(s.out, 0.5), torch::ones(s.out));
  const QuantizedWeight whole = Weight(s, torch::zeros(s.out), torch::ones(s.out));
  const auto message = [&](const QuantizedWeight& weight, const UniformGrid& grid) {
    try {
      const IntegerLayer layer(Convolution(s), weight, grid);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(message(half, Grid(0)), testing::HasSubstr("'conv': a zero point is no integer"));
  EXPECT_THAT(message(whole, {8, torch::tensor(1.F), torch::tensor(0.5F)}),
              testing::HasSubstr("'conv': a zero point is no integer"));
  EXPECT_THAT(message(whole, Grid(5'000'000)),
              testing::HasSubstr("a sum of 4 products could leave 32 bits"));
  EXPECT_EQ(message(whole, Grid(0)), "");
}

}  // namespace
}  // namespace zerosweep
