// RegNetX (Radosavovic et al. 2020), with the node names of torchvision.
#include <array>

#include "base/error.h"
#include "engine/models/builder.h"
#include "engine/models/registry.h"

namespace zerosweep {
namespace {

// The results of the paper's linear rule (eqs. 2–4): depth and width of each stage, and the group
// width (tables of appendix B).
struct Architecture {
  const char* name;
  std::array<int, 4> depths;
  std::array<int64_t, 4> widths;
  int64_t group_width;
  int64_t macs;
  const char* summary;
};

constexpr Architecture kX600{
    "regnetx_600mf",
    {1, 3, 5, 7},
    {48, 96, 240, 528},
    24,
    600'890'112,
    "RegNetX-600MF (torchvision's RegNet; pytorchcv's regnetx006; BRECQ's regnetx_600m)"};
constexpr Architecture kX3200{
    "regnetx_3200mf",
    {2, 6, 15, 2},
    {96, 192, 432, 1008},
    48,
    3'176'621'952,
    "RegNetX-3.2GF (torchvision's regnet_x_3_2gf; pytorchcv's regnetx032; BRECQ's regnetx_3200m)"};

// The X block: 1×1, grouped 3×3, 1×1, with a bottleneck ratio of 1.
Value Block(GraphBuilder& net, const std::string& name, Value x, int64_t in, int64_t out,
            int64_t stride, int64_t group_width) {
  Value y = net.ConvNormRelu(NumberedNames(name + ".f.a"), x, {.in = in, .out = out});
  y = net.ConvNormRelu(NumberedNames(name + ".f.b"), y,
                       {.in = out,
                        .out = out,
                        .kernel = 3,
                        .stride = stride,
                        .padding = 1,
                        .groups = out / group_width});
  y = net.ConvNorm(NumberedNames(name + ".f.c"), y, {.in = out, .out = out});
  if (stride != 1 || in != out) {
    x = net.ConvNorm(NumberedNames(name + ".proj"), x, {.in = in, .out = out, .stride = stride});
  }
  y = net.Apply(name + ".add", Op::kAdd, {y, x});
  return net.Apply(name + ".activation", Op::kRelu, {y});
}

template <const Architecture& kArch>
Graph RegNetX(int classes, std::vector<int64_t> input_shape) {
  constexpr int64_t kStemWidth = 32;
  GraphBuilder net(std::move(input_shape));
  Value x =
      net.ConvNormRelu(NumberedNames("stem"), net.Input(), Halving3x3(net.channels(), kStemWidth));
  int64_t width = kStemWidth;
  for (size_t stage = 0; stage < kArch.depths.size(); ++stage) {
    for (int block = 0; block < kArch.depths[stage]; ++block) {
      const std::string name = fmt::format("trunk_output.block{0}.block{0}-{1}", stage + 1, block);
      x = Block(net, name, x, width, kArch.widths[stage], block == 0 ? 2 : 1, kArch.group_width);
      width = kArch.widths[stage];
    }
  }
  return net.Finish(net.Head("avgpool", "fc", x, width, classes));
}

Declaration Describe(const Architecture& arch) {
  return {.name = arch.name,
          .summary = arch.summary,
          .paper = "Radosavovic et al. 2020, arXiv:2003.13678",
          .facts = ImageNetFacts(arch.macs)};
}

std::vector<KeyLayout> Layouts() {
  // BRECQ's release uses the names of pycls.
  KeyLayout brecq{.name = "brecq",
                  .marker = "s1.b1.f.a.weight",
                  .rules = {{"stem.conv.*", "stem.0.{1}"},
                            {"stem.bn.*", "stem.1.{1}"},
                            {"s#.b#.proj.*", "trunk_output.block{1}.block{1}-{2-1}.proj.0.{3}"},
                            {"s#.b#.bn.*", "trunk_output.block{1}.block{1}-{2-1}.proj.1.{3}"},
                            {"head.fc.*", "fc.{1}"}}};
  KeyLayout pytorchcv{.name = "pytorchcv",
                      .marker = "features.init_block.conv.weight",
                      .rules = {{"features.init_block.conv.*", "stem.0.{1}"},
                                {"features.init_block.bn.*", "stem.1.{1}"},
                                {"features.stage#.unit#.identity_conv.conv.*",
                                 "trunk_output.block{1}.block{1}-{2-1}.proj.0.{3}"},
                                {"features.stage#.unit#.identity_conv.bn.*",
                                 "trunk_output.block{1}.block{1}-{2-1}.proj.1.{3}"},
                                {"output.*", "fc.{1}"}}};
  int number = 1;
  for (const char* layer : {"a", "b", "c"}) {
    const std::string to = fmt::format("trunk_output.block{{1}}.block{{1}}-{{2-1}}.f.{}", layer);
    brecq.rules.push_back({fmt::format("s#.b#.f.{}.*", layer), to + ".0.{3}"});
    brecq.rules.push_back({fmt::format("s#.b#.f.{}_bn.*", layer), to + ".1.{3}"});
    const std::string from = fmt::format("features.stage#.unit#.body.conv{}", number++);
    pytorchcv.rules.push_back({from + ".conv.*", to + ".0.{3}"});
    pytorchcv.rules.push_back({from + ".bn.*", to + ".1.{3}"});
  }
  return {
      {.name = "torchvision", .marker = "stem.0.weight"}, std::move(pytorchcv), std::move(brecq)};
}

const RegisterModel kRegisterX600{Describe(kX600), RegNetX<kX600>, Layouts()};
const RegisterModel kRegisterX3200{Describe(kX3200), RegNetX<kX3200>, Layouts()};

}  // namespace
}  // namespace zerosweep
