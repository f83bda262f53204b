// ShuffleNetV2 (Ma et al. 2018), width 1, with the node names of torchvision.
#include <array>

#include "base/error.h"
#include "engine/models/builder.h"
#include "engine/models/registry.h"

namespace zerosweep {
namespace {

// Ma et al. 2018, table 5.
constexpr std::array<int64_t, 3> kWidths = {116, 232, 464};
constexpr std::array<int, 3> kUnits = {4, 8, 4};
constexpr int64_t kStemWidth = 24;
constexpr int64_t kLastWidth = 1024;

// The pool of the stem. Torchvision's windows begin one pixel outside the map, pytorchcv's at its
// edge.
enum class StemPool { kPadded, kCeiling };

Value MainBranch(GraphBuilder& net, const std::string& name, Value x, int64_t in, int64_t out,
                 int64_t stride) {
  x = net.ConvNormRelu(NumberedNames(name, 0), x, {.in = in, .out = out});
  x = net.ConvNorm(NumberedNames(name, 3), x, Depthwise(out, 3, stride));
  return net.ConvNormRelu(NumberedNames(name, 5), x, {.in = out, .out = out});
}

// Ma et al. 2018, figure 3 (c) and (d).
Value Unit(GraphBuilder& net, const std::string& name, Value x, int64_t in, int64_t out) {
  const int64_t half = out / 2;
  Value left, right;
  if (in == out) {
    const std::vector<Value> halves = net.Chunk(name + ".chunk", x, 2);
    left = halves[0];
    right = MainBranch(net, name + ".branch2", halves[1], half, half, 1);
  } else {
    left = net.ConvNorm(NumberedNames(name + ".branch1", 0), x, Depthwise(in, 3, 2));
    left = net.ConvNormRelu(NumberedNames(name + ".branch1", 2), left, {.in = in, .out = half});
    right = MainBranch(net, name + ".branch2", x, in, half, 2);
  }
  x = net.Apply(name + ".concat", Op::kConcat, {left, right});
  return net.Apply(name + ".shuffle", Op::kChannelShuffle, {x}, {{"groups", 2}});
}

template <StemPool kPool>
Graph ShuffleNetV2(int classes, std::vector<int64_t> input_shape) {
  GraphBuilder net(std::move(input_shape));
  Value x =
      net.ConvNormRelu(NumberedNames("conv1"), net.Input(), Halving3x3(net.channels(), kStemWidth));
  const Json padded = {{"kernel", 3}, {"stride", 2}, {"padding", 1}};
  const Json ceiling = {{"kernel", 3}, {"stride", 2}, {"ceil_mode", true}};
  x = net.Apply("maxpool", Op::kMaxPool, {x}, kPool == StemPool::kPadded ? padded : ceiling);
  int64_t width = kStemWidth;
  for (size_t stage = 0; stage < kWidths.size(); ++stage) {
    for (int unit = 0; unit < kUnits[stage]; ++unit) {
      x = Unit(net, fmt::format("stage{}.{}", stage + 2, unit), x, width, kWidths[stage]);
      width = kWidths[stage];
    }
  }
  x = net.ConvNormRelu(NumberedNames("conv5"), x, {.in = width, .out = kLastWidth});
  return net.Finish(net.Head("avgpool", "fc", x, kLastWidth, classes));
}

KeyLayout PytorchcvLayout() {
  KeyLayout layout{.name = "pytorchcv",
                   .marker = "features.init_block.conv.conv.weight",
                   .rules = {{"features.init_block.conv.conv.*", "conv1.0.{1}"},
                             {"features.init_block.conv.bn.*", "conv1.1.{1}"},
                             {"features.final_block.conv.*", "conv5.0.{1}"},
                             {"features.final_block.bn.*", "conv5.1.{1}"},
                             {"output.*", "fc.{1}"}}};
  const auto add = [&](const char* from, const char* to) {
    layout.rules.push_back({fmt::format("features.stage#.unit#.{}.*", from),
                            fmt::format("stage{{1+1}}.{{2-1}}.{}.{{3}}", to)});
  };
  add("dw_conv4", "branch1.0");
  add("dw_bn4", "branch1.1");
  add("expand_conv5", "branch1.2");
  add("expand_bn5", "branch1.3");
  add("compress_conv1", "branch2.0");
  add("compress_bn1", "branch2.1");
  add("dw_conv2", "branch2.3");
  add("dw_bn2", "branch2.4");
  add("expand_conv3", "branch2.5");
  add("expand_bn3", "branch2.6");
  return layout;
}

Declaration Describe(const char* name, const char* summary) {
  return {.name = name,
          .summary = summary,
          .paper = "Ma et al. 2018, arXiv:1807.11164",
          .facts = ImageNetFacts(144'907'992)};
}

Declaration DescribeCv() {
  Declaration declaration = Describe(
      "shufflenetv2_cv",
      "ShuffleNetV2, width 1 (pytorchcv's shufflenetv2_w1): the stem pools without padding");
  auto& facts = std::get<ModelFacts>(declaration.facts);
  facts.min_side = 3;
  facts.map_side = 35;
  facts.stride_side = 19;
  return declaration;
}

const RegisterModel kTorchvision{
    Describe("shufflenetv2", "ShuffleNetV2, width 1 (torchvision's shufflenet_v2_x1_0)"),
    ShuffleNetV2<StemPool::kPadded>,
    {{.name = "torchvision", .marker = "conv1.0.weight"}}};
const RegisterModel kPytorchcv{
    DescribeCv(),
    ShuffleNetV2<StemPool::kCeiling>,
    {{.name = "zerosweep", .marker = "conv1.0.weight"}, PytorchcvLayout()}};

}  // namespace
}  // namespace zerosweep
