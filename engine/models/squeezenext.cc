// SqueezeNext (Gholami et al. 2018), with the node names of pytorchcv.
#include <array>

#include "base/error.h"
#include "engine/models/builder.h"
#include "engine/models/registry.h"

namespace zerosweep {
namespace {

// 2.0-SqNxt-23: Gholami et al. 2018, table 1 at twice the width.
constexpr std::array<int64_t, 4> kWidths = {64, 128, 256, 512};
constexpr std::array<int, 4> kUnits = {6, 6, 8, 1};
constexpr int64_t kStemWidth = 128;
constexpr int64_t kLastWidth = 256;
constexpr int64_t kMinSide = 9;  // the stem's pool needs a map of 3 × 3

// As in pytorchcv, all convolutions have a bias although a batch norm follows.
Value ConvNormRelu(GraphBuilder& net, const std::string& name, Value x, ConvShape shape) {
  shape.bias = true;
  return net.ConvNormRelu(PytorchcvNames(name), x, shape);
}

// Two-stage squeeze, separable 3×3 as 1×3 and 3×1, expansion; with a projection if the map is
// halved or the number of channels falls.
Value Unit(GraphBuilder& net, const std::string& name, Value x, int64_t in, int64_t out,
           int64_t stride) {
  const bool projects = stride != 1 || in > out;
  int64_t reduction = 2;
  if (projects) reduction = stride != 1 ? 1 : 4;
  const int64_t wide = in / reduction, narrow = wide / 2;
  Value y = ConvNormRelu(net, name + ".conv1", x, {.in = in, .out = wide, .stride = stride});
  y = ConvNormRelu(net, name + ".conv2", y, {.in = wide, .out = narrow});
  y = ConvNormRelu(net, name + ".conv3", y,
                   {.in = narrow, .out = wide, .kernel = {1, 3}, .padding = {0, 1}});
  y = ConvNormRelu(net, name + ".conv4", y,
                   {.in = wide, .out = wide, .kernel = {3, 1}, .padding = {1, 0}});
  y = ConvNormRelu(net, name + ".conv5", y, {.in = wide, .out = out});
  if (projects) {
    x = ConvNormRelu(net, name + ".identity_conv", x, {.in = in, .out = out, .stride = stride});
  }
  y = net.Apply(name + ".add", Op::kAdd, {y, x});
  return net.Apply(name + ".activ", Op::kRelu, {y});
}

Graph SqueezeNext(int classes, std::vector<int64_t> input_shape) {
  GraphBuilder net(std::move(input_shape));
  Value x = ConvNormRelu(
      net, "features.init_block.conv", net.Input(),
      {.in = net.channels(), .out = kStemWidth, .kernel = 7, .stride = 2, .padding = 1});
  x = net.Apply("features.init_block.pool", Op::kMaxPool, {x},
                {{"kernel", 3}, {"stride", 2}, {"ceil_mode", true}});
  int64_t width = kStemWidth;
  for (size_t stage = 0; stage < kWidths.size(); ++stage) {
    for (int unit = 0; unit < kUnits[stage]; ++unit) {
      const std::string name = fmt::format("features.stage{}.unit{}", stage + 1, unit + 1);
      x = Unit(net, name, x, width, kWidths[stage], stage > 0 && unit == 0 ? 2 : 1);
      width = kWidths[stage];
    }
  }
  x = ConvNormRelu(net, "features.final_block", x, {.in = width, .out = kLastWidth});
  return net.Finish(net.Head("features.final_pool", "output", x, kLastWidth, classes));
}

const RegisterModel kSqueezeNext{
    {.name = "sqnxt23_w2",
     .summary = "2.0-SqNxt-23 (pytorchcv's sqnxt23_w2)",
     .paper = "Gholami et al. 2018, arXiv:1803.10615",
     .facts = ModelFacts{.input_shape = {3, 224, 224},
                         .classes = 1000,
                         .macs = 875'752'960,
                         .min_side = kMinSide,
                         .map_side = 39,
                         .stride_side = 23}},
    SqueezeNext,
    {{.name = "pytorchcv", .marker = "features.init_block.conv.conv.weight"}}};

}  // namespace
}  // namespace zerosweep
