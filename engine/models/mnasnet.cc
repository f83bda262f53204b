// MnasNet-B1 (Tan et al. 2019), with the node names of torchvision.
#include <array>

#include "base/error.h"
#include "engine/models/builder.h"
#include "engine/models/registry.h"

namespace zerosweep {
namespace {

// Widths at depth multiplier 2: torchvision's MNASNet(2.0), which BRECQ's release uses (its
// models/mnasnet.py, scale=2.0). Columns of Tan et al. 2019, figure 7a: kernel, stride of the
// first, expansion, repetitions.
struct Stack {
  int64_t out, kernel, stride, expansion, repeats;
};
constexpr std::array<Stack, 6> kStacks = {{{48, 3, 2, 3, 3},
                                           {80, 5, 2, 3, 3},
                                           {160, 5, 2, 6, 3},
                                           {192, 3, 1, 6, 2},
                                           {384, 5, 2, 6, 4},
                                           {640, 3, 1, 6, 1}}};
constexpr int64_t kStemWidth = 64;
constexpr int64_t kFirstWidth = 32;
constexpr int64_t kLastWidth = 1280;

// Appends a convolution `prefix`.first, its batch norm at first + 1 and, unless linear, ReLU at
// first + 2.
Value ConvNorm(GraphBuilder& net, const std::string& prefix, int first, Value x,
               const ConvShape& shape, bool linear = false) {
  x = net.Conv(fmt::format("{}.{}", prefix, first), x, shape);
  x = net.BatchNorm(fmt::format("{}.{}", prefix, first + 1), x, shape.out);
  return linear ? x : net.Apply(fmt::format("{}.{}", prefix, first + 2), Op::kRelu, {x});
}

ConvShape Depthwise(int64_t channels, int64_t kernel, int64_t stride) {
  return {.in = channels,
          .out = channels,
          .kernel = kernel,
          .stride = stride,
          .padding = kernel / 2,
          .groups = channels};
}

Value InvertedResidual(GraphBuilder& net, const std::string& name, Value x, int64_t in,
                       const Stack& stack, int64_t stride) {
  const int64_t middle = in * stack.expansion;
  const std::string layers = name + ".layers";
  Value y = ConvNorm(net, layers, 0, x, {.in = in, .out = middle});
  y = ConvNorm(net, layers, 3, y, Depthwise(middle, stack.kernel, stride));
  y = ConvNorm(net, layers, 6, y, {.in = middle, .out = stack.out}, /*linear=*/true);
  if (stride == 1 && in == stack.out) y = net.Apply(name + ".add", Op::kAdd, {y, x});
  return y;
}

Graph MnasNet2(int classes, std::vector<int64_t> input_shape) {
  const int64_t channels = input_shape.at(0);
  GraphBuilder net(std::move(input_shape));
  Value x = ConvNorm(net, "layers", 0, net.Input(),
                     {.in = channels, .out = kStemWidth, .kernel = 3, .stride = 2, .padding = 1});
  x = ConvNorm(net, "layers", 3, x, Depthwise(kStemWidth, 3, 1));
  x = ConvNorm(net, "layers", 6, x, {.in = kStemWidth, .out = kFirstWidth}, /*linear=*/true);
  int64_t width = kFirstWidth;
  int index = 8;
  for (const Stack& stack : kStacks) {
    for (int64_t i = 0; i < stack.repeats; ++i) {
      x = InvertedResidual(net, fmt::format("layers.{}.{}", index, i), x, width, stack,
                           i == 0 ? stack.stride : 1);
      width = stack.out;
    }
    ++index;
  }
  x = ConvNorm(net, "layers", index, x, {.in = width, .out = kLastWidth});
  return net.Finish(net.Head("avgpool", "classifier.1", x, kLastWidth, classes));
}

const RegisterModel kMnasNet2{
    {.name = "mnasnet_2_0",
     .summary = "MnasNet-B1 of depth multiplier 2 (torchvision's MNASNet(2.0); BRECQ's mnasnet)",
     .paper = "Tan et al. 2019, arXiv:1807.11626",
     .facts = ModelFacts{.input_shape = {3, 224, 224},
                         .classes = 1000,
                         .macs = 1'135'332'864,
                         .map_side = 33,
                         .stride_side = 17}},
    MnasNet2,
    {{.name = "torchvision", .marker = "layers.0.weight"}}};

}  // namespace
}  // namespace zerosweep
