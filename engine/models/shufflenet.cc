// ShuffleNet (Zhang et al. 2017), with the node names of pytorchcv.
#include <array>

#include "base/error.h"
#include "engine/models/builder.h"
#include "engine/models/registry.h"

namespace zerosweep {
namespace {

// Zhang et al. 2017, table 1, column of 1 group.
constexpr int64_t kGroups = 1;
constexpr std::array<int64_t, 3> kWidths = {144, 288, 576};
constexpr std::array<int, 3> kUnits = {4, 8, 4};
constexpr int64_t kStemWidth = 24;

// A unit that halves the map concatenates its branch with the pooled input; the others add.
Value Unit(GraphBuilder& net, const std::string& name, Value x, int64_t in, int64_t out,
           bool halves) {
  const int64_t middle = out / 4;
  const int64_t branch_out = halves ? out - in : out;
  // The very first convolution is not grouped, since it has only 24 channels.
  const int64_t first_groups = in == kStemWidth ? 1 : kGroups;
  Value y = net.ConvNormRelu({name + ".compress_conv1", name + ".compress_bn1", name + ".activ1"},
                             x, {.in = in, .out = middle, .groups = first_groups});
  y = net.Apply(name + ".c_shuffle", Op::kChannelShuffle, {y}, {{"groups", kGroups}});
  y = net.ConvNorm({name + ".dw_conv2", name + ".dw_bn2"}, y,
                   Depthwise(middle, 3, /*stride=*/halves ? 2 : 1));
  y = net.ConvNorm({name + ".expand_conv3", name + ".expand_bn3"}, y,
                   {.in = middle, .out = branch_out, .groups = kGroups});
  if (halves) {
    x = net.Apply(name + ".avgpool", Op::kAvgPool, {x},
                  {{"kernel", 3}, {"stride", 2}, {"padding", 1}});
    y = net.Apply(name + ".concat", Op::kConcat, {y, x});
  } else {
    y = net.Apply(name + ".add", Op::kAdd, {y, x});
  }
  return net.Apply(name + ".activ2", Op::kRelu, {y});
}

Graph ShuffleNet(int classes, std::vector<int64_t> input_shape) {
  GraphBuilder net(std::move(input_shape));
  Value x = net.ConvNormRelu(PytorchcvNames("features.init_block"), net.Input(),
                             Halving3x3(net.channels(), kStemWidth));
  x = net.Apply("features.init_block.pool", Op::kMaxPool, {x},
                {{"kernel", 3}, {"stride", 2}, {"padding", 1}});
  int64_t width = kStemWidth;
  for (size_t stage = 0; stage < kWidths.size(); ++stage) {
    for (int unit = 0; unit < kUnits[stage]; ++unit) {
      const std::string name = fmt::format("features.stage{}.unit{}", stage + 1, unit + 1);
      x = Unit(net, name, x, width, kWidths[stage], /*halves=*/unit == 0);
      width = kWidths[stage];
    }
  }
  return net.Finish(net.Head("features.final_pool", "output", x, width, classes));
}

const RegisterModel kShuffleNet{
    {.name = "shufflenet_g1_w1",
     .summary = "ShuffleNet with 1 group, width 1 (pytorchcv's shufflenet_g1_w1)",
     .paper = "Zhang et al. 2017, arXiv:1707.01083",
     .facts = ImageNetFacts(143'078'976)},
    ShuffleNet,
    {{.name = "pytorchcv", .marker = "features.init_block.conv.weight"}}};

}  // namespace
}  // namespace zerosweep
