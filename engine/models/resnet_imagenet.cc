// ImageNet ResNets (He et al. 2015, arXiv:1512.03385, table 1), with the node names of torchvision.
#include <array>

#include "base/error.h"
#include "engine/models/builder.h"
#include "engine/models/registry.h"

namespace zerosweep {
namespace {

// The convolution with the stride in a bottleneck that halves the map.
enum class Stride {
  kFirst1x1,  // as in the paper; pytorchcv's resnet50
  k3x3        // torchvision ("v1.5"); pytorchcv's resnet50b
};

struct Architecture {
  const char* name;
  std::array<int, 4> blocks;
  bool bottleneck;
  Stride stride;
  int64_t macs;
  const char* summary;
};

constexpr Architecture kResNet18{"resnet18",    {2, 2, 2, 2},
                                 false,         Stride::k3x3,
                                 1'814'073'344, "ResNet-18 (torchvision; pytorchcv's resnet18)"};
constexpr Architecture kResNet34{"resnet34",    {3, 4, 6, 3},
                                 false,         Stride::k3x3,
                                 3'663'761'408, "ResNet-34 (torchvision; pytorchcv's resnet34)"};
constexpr Architecture kResNet50{
    "resnet50",
    {3, 4, 6, 3},
    true,
    Stride::k3x3,
    4'089'184'256,
    "ResNet-50 with the stride in the 3x3 (torchvision, BRECQ; pytorchcv's resnet50b)"};
constexpr Architecture kResNet101{
    "resnet101",   {3, 4, 23, 3},
    true,          Stride::k3x3,
    7'801'405'440, "ResNet-101 with the stride in the 3x3 (torchvision; pytorchcv's resnet101b)"};
constexpr Architecture kResNet50V1{
    "resnet50_v1_stride1x1",
    {3, 4, 6, 3},
    true,
    Stride::kFirst1x1,
    3'857'973'248,
    "ResNet-50 with the stride in the first 1x1, as in the paper (pytorchcv's resnet50)"};

struct BlockShape {
  int64_t in, middle, out, stride;
};

Value BasicBranch(GraphBuilder& net, const std::string& name, Value x, const BlockShape& s) {
  x = net.ConvNormRelu(
      {name + ".conv1", name + ".bn1", name + ".relu1"}, x,
      {.in = s.in, .out = s.middle, .kernel = 3, .stride = s.stride, .padding = 1});
  return net.ConvNorm({name + ".conv2", name + ".bn2"}, x,
                      {.in = s.middle, .out = s.out, .kernel = 3, .padding = 1});
}

Value BottleneckBranch(GraphBuilder& net, const std::string& name, Value x, const BlockShape& s,
                       Stride where) {
  const bool first = where == Stride::kFirst1x1;
  x = net.ConvNormRelu({name + ".conv1", name + ".bn1", name + ".relu1"}, x,
                       {.in = s.in, .out = s.middle, .stride = first ? s.stride : 1});
  x = net.ConvNormRelu(
      {name + ".conv2", name + ".bn2", name + ".relu2"}, x,
      {.in = s.middle, .out = s.middle, .kernel = 3, .stride = first ? 1 : s.stride, .padding = 1});
  return net.ConvNorm({name + ".conv3", name + ".bn3"}, x, {.in = s.middle, .out = s.out});
}

Value Block(GraphBuilder& net, const std::string& name, Value x, const BlockShape& s,
            const Architecture& arch) {
  Value y = arch.bottleneck ? BottleneckBranch(net, name, x, s, arch.stride)
                            : BasicBranch(net, name, x, s);
  if (s.stride != 1 || s.in != s.out) {
    x = net.ConvNorm(NumberedNames(name + ".downsample"), x,
                     {.in = s.in, .out = s.out, .stride = s.stride});
  }
  y = net.Apply(name + ".add", Op::kAdd, {y, x});
  return net.Apply(name + (arch.bottleneck ? ".relu3" : ".relu2"), Op::kRelu, {y});
}

template <const Architecture& kArch>
Graph ResNet(int classes, std::vector<int64_t> input_shape) {
  constexpr int64_t kStemWidth = 64;
  GraphBuilder net(std::move(input_shape));
  Value x = net.ConvNormRelu(
      {"conv1", "bn1", "relu"}, net.Input(),
      {.in = net.channels(), .out = kStemWidth, .kernel = 7, .stride = 2, .padding = 3});
  x = net.Apply("maxpool", Op::kMaxPool, {x}, {{"kernel", 3}, {"stride", 2}, {"padding", 1}});
  int64_t width = kStemWidth;
  for (int layer = 1; layer <= 4; ++layer) {
    const int64_t middle = kStemWidth << (layer - 1);
    const int64_t out = kArch.bottleneck ? 4 * middle : middle;
    for (int block = 0; block < kArch.blocks[layer - 1]; ++block) {
      const int64_t stride = layer > 1 && block == 0 ? 2 : 1;
      x = Block(net, fmt::format("layer{}.{}", layer, block), x, {width, middle, out, stride},
                kArch);
      width = out;
    }
  }
  return net.Finish(net.Head("avgpool", "fc", x, width, classes));
}

Declaration Describe(const Architecture& arch) {
  return {.name = arch.name,
          .summary = arch.summary,
          .paper = "He et al. 2015, arXiv:1512.03385",
          .facts = ImageNetFacts(arch.macs)};
}

// A checkpoint does not show where its strides are. In torchvision's layout they are always in the
// 3×3, in pytorchcv's in either convolution.
std::vector<KeyLayout> Layouts(const Architecture& arch) {
  const std::string native = arch.stride == Stride::k3x3 ? "torchvision" : "zerosweep";
  return {
      {.name = native, .marker = "conv1.weight"},
      {.name = "pytorchcv",
       .marker = "features.init_block.conv.conv.weight",
       .rules = {{"features.init_block.conv.conv.*", "conv1.{1}"},
                 {"features.init_block.conv.bn.*", "bn1.{1}"},
                 {"features.stage#.unit#.body.conv#.conv.*", "layer{1}.{2-1}.conv{3}.{4}"},
                 {"features.stage#.unit#.body.conv#.bn.*", "layer{1}.{2-1}.bn{3}.{4}"},
                 {"features.stage#.unit#.identity_conv.conv.*", "layer{1}.{2-1}.downsample.0.{3}"},
                 {"features.stage#.unit#.identity_conv.bn.*", "layer{1}.{2-1}.downsample.1.{3}"},
                 {"output.*", "fc.{1}"}}}};
}

const RegisterModel kRegister18{Describe(kResNet18), ResNet<kResNet18>, Layouts(kResNet18)};
const RegisterModel kRegister34{Describe(kResNet34), ResNet<kResNet34>, Layouts(kResNet34)};
const RegisterModel kRegister50{Describe(kResNet50), ResNet<kResNet50>, Layouts(kResNet50)};
const RegisterModel kRegister101{Describe(kResNet101), ResNet<kResNet101>, Layouts(kResNet101)};
const RegisterModel kRegister50V1{Describe(kResNet50V1), ResNet<kResNet50V1>, Layouts(kResNet50V1)};

}  // namespace
}  // namespace zerosweep
