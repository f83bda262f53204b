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

Value InvertedResidual(GraphBuilder& net, const std::string& name, Value x, int64_t in,
                       const Stack& stack, int64_t stride) {
  const int64_t middle = in * stack.expansion;
  const std::string layers = name + ".layers";
  Value y = net.ConvNormRelu(NumberedNames(layers, 0), x, {.in = in, .out = middle});
  y = net.ConvNormRelu(NumberedNames(layers, 3), y, Depthwise(middle, stack.kernel, stride));
  y = net.ConvNorm(NumberedNames(layers, 6), y, {.in = middle, .out = stack.out});
  if (stride == 1 && in == stack.out) y = net.Apply(name + ".add", Op::kAdd, {y, x});
  return y;
}

Graph MnasNet2(int classes, std::vector<int64_t> input_shape) {
  GraphBuilder net(std::move(input_shape));
  Value x = net.ConvNormRelu(NumberedNames("layers", 0), net.Input(),
                             Halving3x3(net.channels(), kStemWidth));
  x = net.ConvNormRelu(NumberedNames("layers", 3), x, Depthwise(kStemWidth, 3, 1));
  x = net.ConvNorm(NumberedNames("layers", 6), x, {.in = kStemWidth, .out = kFirstWidth});
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
  x = net.ConvNormRelu(NumberedNames("layers", index), x, {.in = width, .out = kLastWidth});
  return net.Finish(net.Head("avgpool", "classifier.1", x, kLastWidth, classes));
}

const RegisterModel kMnasNet2{
    {.name = "mnasnet_2_0",
     .summary = "MnasNet-B1 of depth multiplier 2 (torchvision's MNASNet(2.0); BRECQ's mnasnet)",
     .paper = "Tan et al. 2019, arXiv:1807.11626",
     .facts = ImageNetFacts(1'135'332'864)},
    MnasNet2,
    {{.name = "torchvision", .marker = "layers.0.weight"}}};

}  // namespace
}  // namespace zerosweep
