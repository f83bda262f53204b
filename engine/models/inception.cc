// Inception-v3 without its auxiliary classifier (Szegedy et al. 2016), with the node names of
// torchvision. pytorchcv has the same network, which is the one in the tables of the data-free
// papers.
#include "base/error.h"
#include "engine/models/builder.h"
#include "engine/models/registry.h"

namespace zerosweep {
namespace {

constexpr double kEps = 1e-3;  // of the batch norms, in both libraries
constexpr int64_t kMinSide = 75;

class Inception {
 public:
  explicit Inception(std::vector<int64_t> input_shape) : net_(std::move(input_shape)) {}

  Graph Build(int classes) {
    Value x = Stem();
    x = UnitA("Mixed_5b", x, 192, 32);
    x = UnitA("Mixed_5c", x, 256, 64);
    x = UnitA("Mixed_5d", x, 288, 64);
    x = UnitB("Mixed_6a", x, 288);
    x = UnitC("Mixed_6b", x, 128);
    x = UnitC("Mixed_6c", x, 160);
    x = UnitC("Mixed_6d", x, 160);
    x = UnitC("Mixed_6e", x, 192);
    x = UnitD("Mixed_7a", x, 768);
    x = UnitE("Mixed_7b", x, 1280);
    x = UnitE("Mixed_7c", x, 2048);
    return net_.Finish(net_.Head("avgpool", "fc", x, 2048, classes));
  }

 private:
  Value Conv(const std::string& name, Value x, const ConvShape& shape) {
    x = net_.Conv(name + ".conv", x, shape);
    x = net_.BatchNorm(name + ".bn", x, shape.out, kEps);
    return net_.Apply(name + ".relu", Op::kRelu, {x});
  }

  Value MaxPool(const std::string& name, Value x) {
    return net_.Apply(name, Op::kMaxPool, {x}, {{"kernel", 3}, {"stride", 2}});
  }

  // 3×3 average pooling that counts the padding, and a 1×1 convolution.
  Value PoolBranch(const std::string& name, Value x, int64_t in, int64_t out) {
    x = net_.Apply(name + ".pool", Op::kAvgPool, {x},
                   {{"kernel", 3}, {"stride", 1}, {"padding", 1}, {"count_include_pad", true}});
    return Conv(name + ".branch_pool", x, {.in = in, .out = out});
  }

  Value Concat(const std::string& name, std::vector<Value> branches) {
    return net_.Apply(name, Op::kConcat, std::move(branches));
  }

  Value Stem() {
    Value x = Conv("Conv2d_1a_3x3", net_.Input(),
                   {.in = net_.channels(), .out = 32, .kernel = 3, .stride = 2});
    x = Conv("Conv2d_2a_3x3", x, {.in = 32, .out = 32, .kernel = 3});
    x = Conv("Conv2d_2b_3x3", x, {.in = 32, .out = 64, .kernel = 3, .padding = 1});
    x = MaxPool("maxpool1", x);
    x = Conv("Conv2d_3b_1x1", x, {.in = 64, .out = 80});
    x = Conv("Conv2d_4a_3x3", x, {.in = 80, .out = 192, .kernel = 3});
    return MaxPool("maxpool2", x);
  }

  Value Double3x3(const std::string& name, Value x, int64_t in, int64_t stride) {
    const std::string branch = name + ".branch3x3dbl";
    x = Conv(branch + "_1", x, {.in = in, .out = 64});
    x = Conv(branch + "_2", x, {.in = 64, .out = 96, .kernel = 3, .padding = 1});
    return Conv(branch + "_3", x,
                {.in = 96, .out = 96, .kernel = 3, .stride = stride, .padding = 2 - stride});
  }

  Value UnitA(const std::string& name, Value x, int64_t in, int64_t pooled) {
    const Value one = Conv(name + ".branch1x1", x, {.in = in, .out = 64});
    Value five = Conv(name + ".branch5x5_1", x, {.in = in, .out = 48});
    five = Conv(name + ".branch5x5_2", five, {.in = 48, .out = 64, .kernel = 5, .padding = 2});
    const Value three = Double3x3(name, x, in, /*stride=*/1);
    const Value pool = PoolBranch(name, x, in, pooled);
    return Concat(name, {one, five, three, pool});
  }

  Value UnitB(const std::string& name, Value x, int64_t in) {
    const Value three =
        Conv(name + ".branch3x3", x, {.in = in, .out = 384, .kernel = 3, .stride = 2});
    const Value twice = Double3x3(name, x, in, /*stride=*/2);
    return Concat(name, {three, twice, MaxPool(name + ".branch_pool", x)});
  }

  // One half of a factorised 7×7 convolution: 1×7 if `across`, otherwise 7×1.
  static ConvShape Seven(int64_t in, int64_t out, bool across) {
    const Extent kernel = across ? Extent(1, 7) : Extent(7, 1);
    const Extent padding = across ? Extent(0, 3) : Extent(3, 0);
    return {.in = in, .out = out, .kernel = kernel, .padding = padding};
  }

  Value UnitC(const std::string& name, Value x, int64_t middle) {
    constexpr int64_t kIn = 768, kOut = 192;
    const Value one = Conv(name + ".branch1x1", x, {.in = kIn, .out = kOut});
    Value seven = Conv(name + ".branch7x7_1", x, {.in = kIn, .out = middle});
    seven = Conv(name + ".branch7x7_2", seven, Seven(middle, middle, true));
    seven = Conv(name + ".branch7x7_3", seven, Seven(middle, kOut, false));
    Value twice = Conv(name + ".branch7x7dbl_1", x, {.in = kIn, .out = middle});
    twice = Conv(name + ".branch7x7dbl_2", twice, Seven(middle, middle, false));
    twice = Conv(name + ".branch7x7dbl_3", twice, Seven(middle, middle, true));
    twice = Conv(name + ".branch7x7dbl_4", twice, Seven(middle, middle, false));
    twice = Conv(name + ".branch7x7dbl_5", twice, Seven(middle, kOut, true));
    return Concat(name, {one, seven, twice, PoolBranch(name, x, kIn, kOut)});
  }

  Value UnitD(const std::string& name, Value x, int64_t in) {
    Value three = Conv(name + ".branch3x3_1", x, {.in = in, .out = 192});
    three = Conv(name + ".branch3x3_2", three, {.in = 192, .out = 320, .kernel = 3, .stride = 2});
    Value seven = Conv(name + ".branch7x7x3_1", x, {.in = in, .out = 192});
    seven = Conv(name + ".branch7x7x3_2", seven, Seven(192, 192, true));
    seven = Conv(name + ".branch7x7x3_3", seven, Seven(192, 192, false));
    seven = Conv(name + ".branch7x7x3_4", seven, {.in = 192, .out = 192, .kernel = 3, .stride = 2});
    return Concat(name, {three, seven, MaxPool(name + ".branch_pool", x)});
  }

  // 1×3 and 3×1 in parallel.
  Value Cross(const std::string& name, Value x) {
    const Value across =
        Conv(name + "a", x, {.in = 384, .out = 384, .kernel = {1, 3}, .padding = {0, 1}});
    const Value down =
        Conv(name + "b", x, {.in = 384, .out = 384, .kernel = {3, 1}, .padding = {1, 0}});
    return Concat(name, {across, down});
  }

  Value UnitE(const std::string& name, Value x, int64_t in) {
    const Value one = Conv(name + ".branch1x1", x, {.in = in, .out = 320});
    Value three = Conv(name + ".branch3x3_1", x, {.in = in, .out = 384});
    three = Cross(name + ".branch3x3_2", three);
    Value twice = Conv(name + ".branch3x3dbl_1", x, {.in = in, .out = 448});
    twice =
        Conv(name + ".branch3x3dbl_2", twice, {.in = 448, .out = 384, .kernel = 3, .padding = 1});
    twice = Cross(name + ".branch3x3dbl_3", twice);
    return Concat(name, {one, three, twice, PoolBranch(name, x, in, 192)});
  }

  GraphBuilder net_;
};

Graph InceptionV3(int classes, std::vector<int64_t> input_shape) {
  return Inception(std::move(input_shape)).Build(classes);
}

// The convolutions of a unit: pytorchcv's name inside "branches", and torchvision's name.
using UnitLayout = std::vector<std::pair<std::string, std::string>>;

const UnitLayout kUnitA = {{"branch1.conv", "branch1x1"},
                           {"branch2.conv_list.conv#", "branch5x5_{1}"},
                           {"branch3.conv_list.conv#", "branch3x3dbl_{1}"},
                           {"branch4.conv", "branch_pool"}};

const UnitLayout kUnitB = {{"branch1.conv_list.conv1", "branch3x3"},
                           {"branch2.conv_list.conv#", "branch3x3dbl_{1}"}};

const UnitLayout kUnitC = {{"branch1.conv", "branch1x1"},
                           {"branch2.conv_list.conv#", "branch7x7_{1}"},
                           {"branch3.conv_list.conv#", "branch7x7dbl_{1}"},
                           {"branch4.conv", "branch_pool"}};

const UnitLayout kUnitD = {{"branch1.conv_list.conv#", "branch3x3_{1}"},
                           {"branch2.conv_list.conv#", "branch7x7x3_{1}"}};

const UnitLayout kUnitE = {{"branch1.conv", "branch1x1"},
                           {"branch2.conv_list.conv#", "branch3x3_{1}"},
                           {"branch2.conv1x3", "branch3x3_2a"},
                           {"branch2.conv3x1", "branch3x3_2b"},
                           {"branch3.conv_list.conv#", "branch3x3dbl_{1}"},
                           {"branch3.conv1x3", "branch3x3dbl_3a"},
                           {"branch3.conv3x1", "branch3x3dbl_3b"},
                           {"branch4.conv", "branch_pool"}};

void AddUnit(KeyLayout& layout, const std::string& from, const std::string& to,
             const UnitLayout& unit) {
  for (const auto& [branch, name] : unit) {
    const bool numbered = branch.ends_with('#');
    layout.rules.push_back({fmt::format("features.{}.branches.{}.*", from, branch),
                            fmt::format("{}.{}.{}", to, name, numbered ? "{2}" : "{1}")});
  }
}

KeyLayout PytorchcvLayout() {
  KeyLayout layout{.name = "pytorchcv",
                   .marker = "features.init_block.conv1.conv.weight",
                   .rules = {{"features.init_block.conv1.*", "Conv2d_1a_3x3.{1}"},
                             {"features.init_block.conv2.*", "Conv2d_2a_3x3.{1}"},
                             {"features.init_block.conv3.*", "Conv2d_2b_3x3.{1}"},
                             {"features.init_block.conv4.*", "Conv2d_3b_1x1.{1}"},
                             {"features.init_block.conv5.*", "Conv2d_4a_3x3.{1}"},
                             {"output.fc.*", "fc.{1}"}}};
  AddUnit(layout, "stage1.unit1", "Mixed_5b", kUnitA);
  AddUnit(layout, "stage1.unit2", "Mixed_5c", kUnitA);
  AddUnit(layout, "stage1.unit3", "Mixed_5d", kUnitA);
  AddUnit(layout, "stage2.unit1", "Mixed_6a", kUnitB);
  AddUnit(layout, "stage2.unit2", "Mixed_6b", kUnitC);
  AddUnit(layout, "stage2.unit3", "Mixed_6c", kUnitC);
  AddUnit(layout, "stage2.unit4", "Mixed_6d", kUnitC);
  AddUnit(layout, "stage2.unit5", "Mixed_6e", kUnitC);
  AddUnit(layout, "stage3.unit1", "Mixed_7a", kUnitD);
  AddUnit(layout, "stage3.unit2", "Mixed_7b", kUnitE);
  AddUnit(layout, "stage3.unit3", "Mixed_7c", kUnitE);
  return layout;
}

// Torchvision's has an auxiliary classifier too.
std::vector<KeyLayout> Layouts() {
  return {{.name = "torchvision", .marker = "Conv2d_1a_3x3.conv.weight", .unused = {"AuxLogits.*"}},
          PytorchcvLayout()};
}

const RegisterModel kInceptionV3{
    {.name = "inceptionv3",
     .summary =
         "Inception-v3 (torchvision's inception_v3 without auxiliary classifier; pytorchcv's "
         "inceptionv3)",
     .paper = "Szegedy et al. 2016, arXiv:1512.00567",
     .facts = ModelFacts{.input_shape = {3, 299, 299},
                         .classes = 1000,
                         .macs = 5'713'216'096,
                         .min_side = kMinSide,
                         .map_side = 107}},
    InceptionV3,
    Layouts()};

}  // namespace
}  // namespace zerosweep
