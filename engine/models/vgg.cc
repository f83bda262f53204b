// VGG-16 (Simonyan & Zisserman 2015, configuration D), with the node names of torchvision.
#include <array>
#include <utility>

#include "base/error.h"
#include "engine/models/builder.h"
#include "engine/models/registry.h"

namespace zerosweep {
namespace {

struct Stage {
  int64_t width;
  int convolutions;
};
constexpr std::array<Stage, 5> kStages = {{{64, 2}, {128, 2}, {256, 3}, {512, 3}, {512, 3}}};
constexpr int64_t kHidden = 4096;
constexpr int64_t kMapSide = 7;   // side of the last map at 224 × 224
constexpr int64_t kMinSide = 32;  // halved five times

// Calls visit(stage, unit, index) for each convolution. `stage` and `unit` count from 1; `index` is
// the one in torchvision's `features`, where activations and pools count too.
template <typename Visit>
void ForEachConvolution(bool batch_norm, const Visit& visit) {
  int index = 0;
  for (size_t stage = 0; stage < kStages.size(); ++stage) {
    for (int unit = 0; unit < kStages[stage].convolutions; ++unit) {
      visit(static_cast<int>(stage) + 1, unit + 1, index);
      index += batch_norm ? 3 : 2;
    }
    ++index;
  }
}

std::string Feature(int index) { return fmt::format("features.{}", index); }

template <bool kBatchNorm>
Graph Vgg16(int classes, std::vector<int64_t> input_shape) {
  int64_t width = input_shape.at(0);
  const bool as_in_paper =
      input_shape.at(1) / kMinSide == kMapSide && input_shape.at(2) / kMinSide == kMapSide;
  GraphBuilder net(std::move(input_shape));
  Value x = net.Input();
  ForEachConvolution(kBatchNorm, [&](int stage, int unit, int index) {
    const auto [out, convolutions] = kStages[stage - 1];
    x = net.Conv(Feature(index), x,
                 {.in = width, .out = out, .kernel = 3, .padding = 1, .bias = true});
    width = out;
    if (kBatchNorm) x = net.BatchNorm(Feature(++index), x, out);
    x = net.Apply(Feature(++index), Op::kRelu, {x});
    if (unit == convolutions) x = net.Apply(Feature(++index), Op::kMaxPool, {x}, {{"kernel", 2}});
  });
  // For a map that already has this size, the pool would change nothing.
  if (!as_in_paper) x = net.Apply("avgpool", Op::kAdaptiveAvgPool, {x}, {{"size", kMapSide}});
  x = net.Apply("flatten", Op::kFlatten, {x});
  x = net.Linear("classifier.0", x, width * kMapSide * kMapSide, kHidden);
  x = net.Apply("classifier.1", Op::kRelu, {x});
  x = net.Linear("classifier.3", x, kHidden, kHidden);
  x = net.Apply("classifier.4", Op::kRelu, {x});
  return net.Finish(net.Linear("classifier.6", x, kHidden, classes));
}

// With batch norms, pytorchcv's convolutions have no bias, so it is 0.
std::vector<KeyLayout> Layouts(bool batch_norm) {
  KeyLayout pytorchcv{.name = "pytorchcv", .marker = "features.stage1.unit1.conv.weight"};
  ForEachConvolution(batch_norm, [&](int stage, int unit, int index) {
    const std::string from = fmt::format("features.stage{}.unit{}", stage, unit);
    pytorchcv.rules.push_back({from + ".conv.*", Feature(index) + ".{1}"});
    if (!batch_norm) return;
    pytorchcv.rules.push_back({from + ".bn.*", Feature(index + 1) + ".{1}"});
    pytorchcv.zeros.push_back(Feature(index) + ".bias");
  });
  for (const auto& [from, to] :
       {std::pair("output.fc1.fc", "classifier.0"), std::pair("output.fc2.fc", "classifier.3"),
        std::pair("output.fc3", "classifier.6")}) {
    pytorchcv.rules.push_back({fmt::format("{}.*", from), fmt::format("{}.{{1}}", to)});
  }
  return {{.name = "torchvision", .marker = "features.0.weight"}, std::move(pytorchcv)};
}

Declaration Describe(bool batch_norm) {
  return {.name = batch_norm ? "vgg16_bn" : "vgg16",
          .summary = batch_norm ? "VGG-16 with batch norms (torchvision; pytorchcv's bn_vgg16)"
                                : "VGG-16 without batch norms (torchvision; pytorchcv's vgg16)",
          .paper = "Simonyan & Zisserman 2015, arXiv:1409.1556",
          .facts = ModelFacts{.input_shape = {3, 224, 224},
                              .classes = 1000,
                              .macs = 15'470'264'320,
                              .min_side = kMinSide}};
}

const RegisterModel kVgg16Bn{Describe(true), Vgg16<true>, Layouts(true)};
const RegisterModel kVgg16{Describe(false), Vgg16<false>, Layouts(false)};

}  // namespace
}  // namespace zerosweep
