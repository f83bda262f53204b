#include "engine/quant/integer_network.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "base/error.h"
#include "engine/models/builder.h"
#include "tests/support/engine/random_teacher.h"
#include "tests/support/engine/tiny_network.h"

namespace zerosweep {
namespace {

// Sets every range from one batch.
QuantizedNetwork Calibrated(const Teacher& teacher, const QuantizationSetting& setting,
                            const torch::Tensor& images) {
  QuantizedNetwork network(teacher, setting);
  network.Forward(images, [&](size_t site, const torch::Tensor& x) {
    QuantizedActivation& activation = network.activations()[site];
    activation.grid =
        MakeUniformGrid(x.min().clamp_max(0), x.max().clamp_min(0), activation.site.bits);
  });
  return network;
}

// The batch norms take the moments of what reaches them, so that signals keep their size.
Teacher Normalised(const std::string& arch) {
  Teacher teacher = RandomTeacher(arch, 32);
  InitialiseParameters(teacher.graph, 1);
  const torch::NoGradGuard no_grad;
  const torch::Tensor x = torch::randn({16, 3, 32, 32});
  for (int i = 0; i < 15; ++i) Run(teacher.graph, x, {}, BatchNormMode::kTrain);
  teacher.graph = ToChannelsLast(teacher.graph);
  return teacher;
}

std::string Refused(const QuantizedNetwork& network) {
  try {
    const IntegerNetwork integers(network);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "";
}

struct IntegerNetworkTest : testing::Test {
  void SetUp() override {
    if (!IntegerProduct::Exact()) GTEST_SKIP() << "this CPU has no VNNI";
  }
};

// A code at the border of two may fall to either side, and a deep network with random weights turns
// that into other logits. So most images, not all, have the same ones but for rounding.
TEST_F(IntegerNetworkTest, LogitsAreThoseOfTheFloatNetworkButForRounding) {
  struct Network {
    std::string arch;
    int bits;
    ActPlacement placement;
    size_t layers, chains;  // computed with integers, by their graphs
  };
  using enum ActPlacement;
  constexpr int64_t kImages = 8;
  for (const auto& [arch, bits, placement, layers, chains] :
       std::vector<Network>{{"resnet20_cifar_a", 4, kRelu, 18, 18},
                            {"resnet20_cifar_a", 8, kOpInput, 19, 0},
                            {"resnet18", 4, kOpOutput, 19, 13},
                            {"mobilenetv2_tv", 4, kOpInput, 52, 50},
                            {"mobilenetv2_tv", 8, kRelu, 34, 0},
                            {"shufflenetv2_cv", 5, kOpOutput, 37, 37},
                            {"sqnxt23_w2", 6, kRelu, 110, 110}}) {
    SCOPED_TRACE(fmt::format("{}, {} bits", arch, bits));
    const Teacher teacher = Normalised(arch);
    const torch::Tensor x =
        torch::randn({kImages, 3, 32, 32}).contiguous(at::MemoryFormat::ChannelsLast);
    const QuantizedNetwork network =
        Calibrated(teacher, {{.act_placement = placement}, false, bits, bits}, x);
    const IntegerNetwork integers(network);
    EXPECT_EQ(integers.layers().size(), layers);
    EXPECT_EQ(integers.chains(), chains);
    const torch::Tensor y = network.Forward(x);
    const torch::Tensor off = (integers.Forward(x) - y).norm(2, 1) / y.norm(2, 1);
    EXPECT_GE((off < 0.01).sum().item<int64_t>(), kImages / 2) << off;
  }
}

TEST_F(IntegerNetworkTest, TakesPartInEveryProtocol) {
  const Teacher teacher = SkipTeacher();
  const torch::Tensor x = torch::randn({8, 3, 8, 8});
  for (const ActPlacement placement :
       {ActPlacement::kRelu, ActPlacement::kOpOutput, ActPlacement::kOpInput}) {
    for (const bool fold : {false, true}) {
      for (const auto& [identity_fp, own] :
           {std::pair{false, false}, {true, false}, {false, true}}) {
        const Protocol protocol{
            .act_placement = placement, .identity_fp = identity_fp, .own_shortcuts = own};
        for (const Teacher& of : {teacher, TinyTeacher(), ConvHeadTeacher(8)}) {
          const QuantizedNetwork network = Calibrated(of, {protocol, fold, 8, 8}, x);
          const IntegerNetwork integers(network);
          const torch::Tensor y = network.Forward(x);
          EXPECT_LT((integers.Forward(x) - y).norm().item<double>(),
                    0.005 * y.norm().item<double>());
          EXPECT_TRUE(torch::equal(integers.Forward(x), integers.Forward(x)));
        }
      }
    }
  }
}

TEST_F(IntegerNetworkTest, WhatHasNoIntegersIsRefusedInOneLine) {
  const Teacher teacher = SkipTeacher();
  const torch::Tensor x = torch::randn({8, 3, 8, 8});
  const std::string none =
      "no layer of this network has both its weight and its input in at most 8";
  EXPECT_THAT(Refused(Calibrated(teacher, {{}, false, 8, 32}, x)), testing::HasSubstr(none));
  EXPECT_THAT(Refused(Calibrated(teacher, {{}, false, 32, 8}, x)), testing::HasSubstr(none));
  QuantizedNetwork network = Calibrated(teacher, {{}, false, 8, 8}, x);
  EXPECT_EQ(Refused(network), "");
  network.activations()[0].site.by_element = {teacher.graph.Find("conv2")};
  EXPECT_EQ(Refused(network),
            "integer evaluation of 'conv2': its columns are rounded element by element: evaluate "
            "with integer: false");
}

}  // namespace
}  // namespace zerosweep
