// MobileNet (Howard et al. 2017) and MobileNetV2 (Sandler et al. 2018), width 1.
#include <array>

#include "base/error.h"
#include "engine/models/builder.h"
#include "engine/models/registry.h"

namespace zerosweep {
namespace {

// Builds MobileNet from the widths of the units of each stage; every stage but the first halves the
// map (Howard et al. 2017, table 1, in pytorchcv's division).
Graph MobileNetV1(int classes, std::vector<int64_t> input_shape) {
  const std::vector<std::vector<int64_t>> stages = {
      {64}, {128, 128}, {256, 256}, {512, 512, 512, 512, 512, 512}, {1024, 1024}};
  int64_t width = 32;
  GraphBuilder net(std::move(input_shape));
  Value x = net.ConvNormRelu(PytorchcvNames("features.init_block"), net.Input(),
                             Halving3x3(net.channels(), width));
  for (size_t stage = 0; stage < stages.size(); ++stage) {
    for (size_t unit = 0; unit < stages[stage].size(); ++unit) {
      const std::string name = fmt::format("features.stage{}.unit{}", stage + 1, unit + 1);
      const int64_t stride = stage > 0 && unit == 0 ? 2 : 1;
      const int64_t out = stages[stage][unit];
      x = net.ConvNormRelu(PytorchcvNames(name + ".dw_conv"), x, Depthwise(width, 3, stride));
      x = net.ConvNormRelu(PytorchcvNames(name + ".pw_conv"), x, {.in = width, .out = out});
      width = out;
    }
  }
  return net.Finish(net.Head("features.final_pool", "output", x, width, classes));
}

// Sandler et al. 2018, table 2: expansion, width, repetitions, stride of the first.
struct Group {
  int64_t expansion, out, repeats, stride;
};
constexpr std::array<Group, 7> kGroups = {{{1, 16, 1, 1},
                                           {6, 24, 2, 2},
                                           {6, 32, 3, 2},
                                           {6, 64, 4, 2},
                                           {6, 96, 3, 1},
                                           {6, 160, 3, 2},
                                           {6, 320, 1, 1}}};
constexpr int64_t kStemWidth = 32;
constexpr int64_t kLastWidth = 1280;

// An inverted residual. `names` holds its convolutions: two, or with an expansion three.
Value InvertedResidual(GraphBuilder& net, const std::string& block,
                       const std::vector<ConvNames>& names, Value x, int64_t in, const Group& group,
                       int64_t stride) {
  const int64_t middle = in * group.expansion;
  Value y = x;
  size_t next = 0;
  if (names.size() == 3) {
    y = net.ConvNormRelu(names[next++], y, {.in = in, .out = middle}, Op::kRelu6);
  }
  y = net.ConvNormRelu(names[next++], y, Depthwise(middle, 3, stride), Op::kRelu6);
  y = net.ConvNorm(names[next], y, {.in = middle, .out = group.out});
  if (stride == 1 && in == group.out) y = net.Apply(block + ".add", Op::kAdd, {y, x});
  return y;
}

// Names as in torchvision: features.0, inverted residuals features.1 … features.17, features.18.
Graph MobileNetV2Tv(int classes, std::vector<int64_t> input_shape) {
  GraphBuilder net(std::move(input_shape));
  Value x = net.ConvNormRelu(NumberedNames("features.0"), net.Input(),
                             Halving3x3(net.channels(), kStemWidth), Op::kRelu6);
  int64_t width = kStemWidth;
  int index = 1;
  for (const Group& group : kGroups) {
    for (int64_t i = 0; i < group.repeats; ++i, ++index) {
      const std::string block = fmt::format("features.{}", index);
      std::vector<ConvNames> convs = {NumberedNames(block + ".conv.0")};
      if (group.expansion != 1) convs.push_back(NumberedNames(block + ".conv.1"));
      convs.push_back(NumberedNames(block + ".conv", static_cast<int>(convs.size())));
      x = InvertedResidual(net, block, convs, x, width, group, i == 0 ? group.stride : 1);
      width = group.out;
    }
  }
  x = net.ConvNormRelu(NumberedNames("features.18"), x, {.in = width, .out = kLastWidth},
                       Op::kRelu6);
  return net.Finish(net.Head("avgpool", "classifier.1", x, kLastWidth, classes));
}

// pytorchcv's network also has an expansion in the first block (of factor 1) and ends in a 1×1
// convolution without bias. Its stages begin where the map is halved.
Graph MobileNetV2Cv(int classes, std::vector<int64_t> input_shape) {
  GraphBuilder net(std::move(input_shape));
  Value x = net.ConvNormRelu(PytorchcvNames("features.init_block"), net.Input(),
                             Halving3x3(net.channels(), kStemWidth), Op::kRelu6);
  int64_t width = kStemWidth;
  int stage = 1, unit = 0;
  for (const Group& group : kGroups) {
    for (int64_t i = 0; i < group.repeats; ++i) {
      const int64_t stride = i == 0 ? group.stride : 1;
      stage += stride == 2 ? 1 : 0;
      unit = stride == 2 ? 1 : unit + 1;
      const std::string block = fmt::format("features.stage{}.unit{}", stage, unit);
      x = InvertedResidual(net, block,
                           {PytorchcvNames(block + ".conv1"), PytorchcvNames(block + ".conv2"),
                            PytorchcvNames(block + ".conv3")},
                           x, width, group, stride);
      width = group.out;
    }
  }
  x = net.ConvNormRelu(PytorchcvNames("features.final_block"), x, {.in = width, .out = kLastWidth},
                       Op::kRelu6);
  x = net.Apply("features.final_pool", Op::kGlobalAvgPool, {x});
  x = net.Conv("output", x, {.in = kLastWidth, .out = classes});
  return net.Finish(net.Apply("flatten", Op::kFlatten, {x}));
}

// BRECQ's release numbers all layers of a block in sequence, including activations.
KeyLayout BrecqLayout() {
  return {.name = "brecq",
          .marker = "features.1.conv.4.weight",
          .rules = {{"features.1.conv.0.*", "features.1.conv.0.0.{1}"},
                    {"features.1.conv.1.*", "features.1.conv.0.1.{1}"},
                    {"features.1.conv.3.*", "features.1.conv.1.{1}"},
                    {"features.1.conv.4.*", "features.1.conv.2.{1}"},
                    {"features.#.conv.0.*", "features.{1}.conv.0.0.{2}"},
                    {"features.#.conv.1.*", "features.{1}.conv.0.1.{2}"},
                    {"features.#.conv.3.*", "features.{1}.conv.1.0.{2}"},
                    {"features.#.conv.4.*", "features.{1}.conv.1.1.{2}"},
                    {"features.#.conv.6.*", "features.{1}.conv.2.{2}"},
                    {"features.#.conv.7.*", "features.{1}.conv.3.{2}"}}};
}

const RegisterModel kMobileNetV1{
    {.name = "mobilenetv1",
     .summary = "MobileNet, width 1 (pytorchcv's mobilenet_w1)",
     .paper = "Howard et al. 2017, arXiv:1704.04861",
     .facts = ImageNetFacts(568'740'352)},
    MobileNetV1,
    {{.name = "pytorchcv", .marker = "features.init_block.conv.weight"}}};

const RegisterModel kMobileNetV2Tv{
    {.name = "mobilenetv2_tv",
     .summary = "MobileNetV2, width 1, as in torchvision and BRECQ",
     .paper = "Sandler et al. 2018, arXiv:1801.04381",
     .facts = ImageNetFacts(300'774'272)},
    MobileNetV2Tv,
    {{.name = "torchvision", .marker = "features.0.0.weight"}, BrecqLayout()}};

const RegisterModel kMobileNetV2Cv{
    {.name = "mobilenetv2_cv",
     .summary = "MobileNetV2, width 1, as in pytorchcv (mobilenetv2_w1): expansion in the first "
                "block, 1x1 convolution as classifier",
     .paper = "Sandler et al. 2018, arXiv:1801.04381",
     .facts = ImageNetFacts(313'619'328)},
    MobileNetV2Cv,
    {{.name = "pytorchcv", .marker = "features.init_block.conv.weight"}}};

}  // namespace
}  // namespace zerosweep
