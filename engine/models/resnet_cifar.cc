// CIFAR ResNets of 6n+2 layers (He et al. 2015, arXiv:1512.03385, section 4.2) with shortcuts of
// option A (no parameters) or option B (1×1 projections). The node names are those of the usual
// PyTorch code, so that its state dicts load.
#include "base/error.h"
#include "engine/models/builder.h"
#include "engine/models/registry.h"

namespace zerosweep {
namespace {

constexpr int64_t kFirstWidth = 16;

enum class Shortcut { kA, kB };

// The skip connection of a block that halves the map and doubles the channels.
Value Skip(GraphBuilder& net, const std::string& name, Value x, int64_t in, int64_t out,
           Shortcut shortcut) {
  constexpr int64_t kStride = 2;
  if (shortcut == Shortcut::kB) {
    return net.ConvNorm(NumberedNames(name + ".downsample"), x,
                        {.in = in, .out = out, .stride = kStride});
  }
  const int64_t before = (out - in) / 2;  // = out / 4: the widths double
  return net.Apply(name + ".shortcut", Op::kShortcutA, {x},
                   {{"stride", kStride}, {"pad_before", before}, {"pad_after", out - in - before}});
}

// One basic block, from `in` to `out` channels.
Value Block(GraphBuilder& net, const std::string& name, Value x, int64_t in, int64_t out,
            Shortcut shortcut) {
  const int64_t stride = in == out ? 1 : 2;
  Value y = net.ConvNormRelu({name + ".conv1", name + ".bn1", name + ".relu1"}, x,
                             {.in = in, .out = out, .kernel = 3, .stride = stride, .padding = 1});
  y = net.ConvNorm({name + ".conv2", name + ".bn2"}, y,
                   {.in = out, .out = out, .kernel = 3, .padding = 1});
  if (in != out) x = Skip(net, name, x, in, out, shortcut);
  y = net.Apply(name + ".add", Op::kAdd, {y, x});
  return net.Apply(name + ".relu2", Op::kRelu, {y});
}

template <int kBlocks, Shortcut kShortcut>
Graph ResNetCifar(int classes, std::vector<int64_t> input_shape) {
  GraphBuilder net(std::move(input_shape));
  Value x = net.ConvNormRelu({"conv1", "bn1", "relu"}, net.Input(),
                             {.in = net.channels(), .out = kFirstWidth, .kernel = 3, .padding = 1});
  int64_t width = kFirstWidth;
  for (int layer = 1; layer <= 3; ++layer) {
    const int64_t out = kFirstWidth << (layer - 1);
    for (int block = 0; block < kBlocks; ++block) {
      x = Block(net, fmt::format("layer{}.{}", layer, block), x, width, out, kShortcut);
      width = out;
    }
  }
  return net.Finish(net.Head("pool", "linear", x, width, classes));
}

Declaration Describe(int blocks, Shortcut shortcut, int64_t macs) {
  const int layers = 6 * blocks + 2;
  const bool a = shortcut == Shortcut::kA;
  return {.name = fmt::format("resnet{}_cifar_{}", layers, a ? "a" : "b"),
          .summary = fmt::format(
              "CIFAR ResNet of {} layers with {}", layers,
              a ? "option-A shortcuts"
                : fmt::format("1x1 projections (pytorchcv's resnet{}_cifar10)", layers)),
          .paper = "He et al. 2015, arXiv:1512.03385",
          .facts = ModelFacts{.input_shape = {3, 32, 32},
                              .classes = 10,
                              .macs = macs,
                              .map_side = 5,
                              .stride_side = 3}};
}

std::vector<KeyLayout> LayoutsA() { return {{.name = "akamaster", .marker = "conv1.weight"}}; }

std::vector<KeyLayout> LayoutsB() {
  return {
      {.name = "zerosweep", .marker = "conv1.weight"},
      {.name = "pytorchcv",
       .marker = "features.init_block.conv.weight",
       .rules = {{"features.init_block.conv.*", "conv1.{1}"},
                 {"features.init_block.bn.*", "bn1.{1}"},
                 {"features.stage#.unit#.body.conv#.conv.*", "layer{1}.{2-1}.conv{3}.{4}"},
                 {"features.stage#.unit#.body.conv#.bn.*", "layer{1}.{2-1}.bn{3}.{4}"},
                 {"features.stage#.unit#.identity_conv.conv.*", "layer{1}.{2-1}.downsample.0.{3}"},
                 {"features.stage#.unit#.identity_conv.bn.*", "layer{1}.{2-1}.downsample.1.{3}"},
                 {"output.*", "linear.{1}"}}}};
}

const RegisterModel kResNet20A{Describe(3, Shortcut::kA, 40'551'040), ResNetCifar<3, Shortcut::kA>,
                               LayoutsA()};
const RegisterModel kResNet32A{Describe(5, Shortcut::kA, 68'862'592), ResNetCifar<5, Shortcut::kA>,
                               LayoutsA()};
const RegisterModel kResNet44A{Describe(7, Shortcut::kA, 97'174'144), ResNetCifar<7, Shortcut::kA>,
                               LayoutsA()};
const RegisterModel kResNet56A{Describe(9, Shortcut::kA, 125'485'696), ResNetCifar<9, Shortcut::kA>,
                               LayoutsA()};
const RegisterModel kResNet20B{Describe(3, Shortcut::kB, 40'813'184), ResNetCifar<3, Shortcut::kB>,
                               LayoutsB()};
const RegisterModel kResNet56B{Describe(9, Shortcut::kB, 125'747'840), ResNetCifar<9, Shortcut::kB>,
                               LayoutsB()};

}  // namespace
}  // namespace zerosweep
