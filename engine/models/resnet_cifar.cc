// CIFAR ResNets of 6n+2 layers with option-A shortcuts (He et al. 2015, arXiv:1512.03385, section
// 4.2), the nodes named as in the usual PyTorch code, so that its state dicts load.
#include "base/error.h"
#include "engine/models/builder.h"
#include "engine/models/registry.h"

namespace zerosweep {
namespace {

constexpr int64_t kFirstWidth = 16;

// One basic block; x has `in` channels, the result `out`.
Value Block(GraphBuilder& net, const std::string& name, Value x, int64_t in, int64_t out) {
  const int64_t stride = in == out ? 1 : 2;
  Value y = net.Conv(name + ".conv1", x,
                     {.in = in, .out = out, .kernel = 3, .stride = stride, .padding = 1});
  y = net.BatchNorm(name + ".bn1", y, out);
  y = net.Apply(name + ".relu1", Op::kRelu, {y});
  y = net.Conv(name + ".conv2", y, {.in = out, .out = out, .kernel = 3, .padding = 1});
  y = net.BatchNorm(name + ".bn2", y, out);
  if (in != out) {
    const int64_t before = (out - in) / 2;  // = out / 4: the widths double
    x = net.Apply(name + ".shortcut", Op::kShortcutA, {x},
                  {{"stride", stride}, {"pad_before", before}, {"pad_after", out - in - before}});
  }
  y = net.Apply(name + ".add", Op::kAdd, {y, x});
  return net.Apply(name + ".relu2", Op::kRelu, {y});
}

template <int kBlocks>
Graph ResNetCifarA(int classes, std::vector<int64_t> input_shape) {
  const int64_t channels = input_shape.at(0);
  GraphBuilder net(std::move(input_shape));
  Value x = net.Conv("conv1", net.Input(),
                     {.in = channels, .out = kFirstWidth, .kernel = 3, .padding = 1});
  x = net.BatchNorm("bn1", x, kFirstWidth);
  x = net.Apply("relu", Op::kRelu, {x});
  int64_t width = kFirstWidth;
  for (int layer = 1; layer <= 3; ++layer) {
    const int64_t out = kFirstWidth << (layer - 1);
    for (int block = 0; block < kBlocks; ++block) {
      x = Block(net, fmt::format("layer{}.{}", layer, block), x, width, out);
      width = out;
    }
  }
  x = net.Apply("pool", Op::kGlobalAvgPool, {x});
  x = net.Apply("flatten", Op::kFlatten, {x});
  return net.Finish(net.Linear("linear", x, width, classes));
}

Declaration Describe(int blocks) {
  const int layers = 6 * blocks + 2;
  return {
      .role = "model",
      .name = fmt::format("resnet{}_cifar_a", layers),
      .summary = fmt::format("CIFAR ResNet of {} layers with option-A shortcuts", layers),
      .paper = "He et al. 2015, arXiv:1512.03385",
      .facts = {{"input_shape", {3, 32, 32}}, {"classes", 10}, {"batch_norms", 6 * blocks + 1}}};
}

const RegisterModel kResNet20{Describe(3), ResNetCifarA<3>};
const RegisterModel kResNet32{Describe(5), ResNetCifarA<5>};
const RegisterModel kResNet44{Describe(7), ResNetCifarA<7>};
const RegisterModel kResNet56{Describe(9), ResNetCifarA<9>};

}  // namespace
}  // namespace zerosweep
