// The exported form, against plain tensor operations.
#include "engine/export/exported_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "base/files.h"
#include "engine/export/onnx_export.h"
#include "engine/export/tensors.h"
#include "engine/graph/executor.h"
#include "engine/import/onnx/onnx_lowering.h"
#include "tests/support/engine/import/onnx_mutations.h"
#include "tests/support/engine/tiny_network.h"
#include "tests/support/error_message.h"
#include "tests/support/program.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

using testing::HasSubstr;

// Every range from one pass, so that it contains 0.
QuantizedNetwork Quantized(const Teacher& teacher, const Json& protocol, int w, int a, bool fold) {
  QuantizedNetwork network(teacher, {Protocol::FromJson(protocol), fold, w, a});
  torch::manual_seed(3);
  network.Forward(torch::randn({8, 3, 8, 8}), [&](size_t site, const torch::Tensor& x) {
    QuantizedActivation& activation = network.activations()[site];
    activation.grid =
        MakeUniformGrid(x.min().clamp_max(0), x.max().clamp_min(0), activation.site.bits);
  });
  return network;
}

Json Deploy() {
  return {{"act_placement", "op_output"},
          {"branch_a", 8},
          {"pooled_a", 8},
          {"w_grid", "symmetric_per_channel"}};
}

torch::Tensor TestImages() {
  torch::manual_seed(4);
  return torch::randn({16, 3, 8, 8});
}

double Apart(const torch::Tensor& a, const torch::Tensor& b) {
  return ((a - b).abs().max() / b.abs().max()).item<double>();
}

// Without rounded biases nothing but rounding differs.
TEST(ExportedNetworkTest, FoldedIntegersStandForTheWeightsAndTheNorms) {
  for (const int bits : {2, 4, 8}) {
    const QuantizedNetwork network =
        Quantized(TinyTeacher(), {{"w_grid", "symmetric_per_channel"}}, bits, 32, false);
    const ExportedNetwork exported(network);
    EXPECT_TRUE(exported.graph().BatchNorms().empty());
    EXPECT_LT(Apart(exported.Forward(TestImages()), network.Forward(TestImages())), 1e-5) << bits;
    for (const auto& [node, weight] : exported.weights()) {
      EXPECT_LE(weight.integers.abs().max().item<int>(), (1 << (bits - 1)) - 1);
      EXPECT_TRUE((weight.step > 0).all().item<bool>());
    }
  }
}

TEST(ExportedNetworkTest, NegativeAndZeroGammasBecomeIntegers) {
  Teacher teacher = TinyTeacher();
  Node& norm = teacher.graph.nodes[static_cast<size_t>(teacher.graph.BatchNorms()[0])];
  norm.parameters["weight"] = norm.parameters["weight"].clone();
  norm.parameters["weight"][0] = -0.7;
  norm.parameters["weight"][1] = 0;
  const QuantizedNetwork network =
      Quantized(teacher, {{"w_grid", "symmetric_per_channel"}}, 4, 8, false);
  const ExportedNetwork exported(network);
  const int conv = exported.graph().Weighted()[0];
  const torch::Tensor& integers = exported.weights().at(conv).integers;
  const torch::Tensor& codes = network.weights().begin()->second.codes;
  EXPECT_TRUE(torch::equal(integers[0], -codes[0]));
  EXPECT_EQ(integers[1].abs().max().item<int>(), 0);
  EXPECT_TRUE(torch::equal(integers[2], codes[2]));
  EXPECT_LT(Apart(exported.Forward(TestImages()), network.Forward(TestImages())), 0.05);
}

TEST(ExportedNetworkTest, BiasesAreStepsOfInputAndWeight) {
  const QuantizedNetwork network = Quantized(TinyTeacher(), Deploy(), 8, 8, true);
  const ExportedNetwork exported(network);
  int with_steps = 0;
  for (const auto& [node, weight] : exported.weights()) {
    const Node& at = exported.graph().nodes[static_cast<size_t>(node)];
    const torch::Tensor original = Parameter(
        network.graph().nodes[static_cast<size_t>(network.graph().Find(at.name))], "bias");
    if (!weight.input) {
      EXPECT_FALSE(weight.bias.defined());
      EXPECT_TRUE(torch::equal(at.parameters.at("bias"), original));
      continue;
    }
    ++with_steps;
    const torch::Tensor unit = weight.step * exported.activations()[*weight.input].step;
    EXPECT_TRUE(
        torch::equal(weight.bias.to(torch::kFloat64),
                     torch::round(original.to(torch::kFloat64) / unit.to(torch::kFloat64))));
    EXPECT_TRUE(torch::equal(at.parameters.at("bias"), weight.bias.to(torch::kFloat32) * unit));
  }
  EXPECT_EQ(with_steps, 2);
}

TEST(ExportedNetworkTest, AStepIsRaisedWhereItsBiasWouldNotFit) {
  Teacher teacher = SkipTeacher();
  Node& node = teacher.graph.nodes[static_cast<size_t>(teacher.graph.Weighted()[1])];
  node.parameters["weight"] = node.parameters["weight"].clone();
  node.parameters["weight"][2] *= 1e-9;
  node.parameters["bias"] = torch::full({4}, 0.5F);
  const ExportedNetwork exported(Quantized(teacher, Deploy(), 8, 8, false));
  const ExportedWeight& weight = exported.weights().at(exported.graph().Weighted()[1]);
  EXPECT_EQ(weight.raised_steps, 1);
  EXPECT_NEAR(std::abs(weight.bias[2].item<double>()), 1 << 30, 100);
  EXPECT_NEAR(exported.graph()
                  .nodes[static_cast<size_t>(exported.graph().Weighted()[1])]
                  .parameters.at("bias")[2]
                  .item<double>(),
              0.5, 1e-6);
}

TEST(ExportedNetworkTest, ActivationsAreThoseOfQuantizeLinear) {
  ExportedActivation activation;
  activation.step = 0.1F;
  activation.zero_point = 3;
  activation.low = 1;
  activation.high = 9;
  const torch::Tensor x = torch::tensor({-1.F, -0.2F, -0.05F, 0.05F, 0.15F, 0.25F, 0.61F, 7.F});
  // round(x / s) + z: ties to even.
  const torch::Tensor codes = torch::tensor({1.F, 1.F, 3.F, 3.F, 5.F, 5.F, 9.F, 9.F});
  EXPECT_TRUE(torch::equal(Quantize(activation, x), (codes - 3) * activation.step));
}

TEST(ExportedNetworkTest, WhatHasNoSuchFormIsRefusedByName) {
  const Teacher teacher = TinyTeacher();
  QuantizedNetwork asymmetric = Quantized(teacher, Json::object(), 4, 8, false);
  const int node = asymmetric.graph().Weighted()[1];
  QuantizedWeight weight = asymmetric.weights().at(node);
  weight.grid.offset = weight.grid.offset.clone();
  weight.grid.offset[5] = 90;
  weight.codes = torch::full_like(weight.codes, 100);
  asymmetric.SetWeight(node, weight);
  EXPECT_THAT(ErrorMessage(ErrorKind::kUsage, [&] { ExportedNetwork{asymmetric}; }),
              HasSubstr("'conv2': integer 190 in channel 5 leaves int8"));
  QuantizedNetwork far = Quantized(teacher, Deploy(), 4, 8, false);
  far.activations()[0].grid.offset = torch::tensor(400.F);
  EXPECT_THAT(ErrorMessage(ErrorKind::kUsage, [&] { ExportedNetwork{far}; }),
              HasSubstr("does not fit into 8 bits"));
  far.activations()[0].grid.offset = torch::tensor(0.5F);
  EXPECT_THAT(ErrorMessage(ErrorKind::kUsage, [&] { ExportedNetwork{far}; }),
              HasSubstr("no integer"));
}

// Codes of few bits may lie higher in the byte.
TEST(ExportedNetworkTest, ARangeBesideZeroFitsInFewBits) {
  QuantizedNetwork network = Quantized(TinyTeacher(), Deploy(), 4, 4, false);
  UniformGrid& grid = network.activations()[0].grid;
  grid = MakeUniformGrid(torch::tensor(1.F), torch::tensor(2.F), 4);
  const ExportedNetwork exported(network);
  const ExportedActivation& activation = exported.activations()[0];
  EXPECT_EQ(activation.zero_point, 0);
  EXPECT_EQ(activation.high - activation.low, 15);
  const torch::Tensor x = torch::linspace(0.5, 2.5, 50);
  EXPECT_LT((Quantize(activation, x) - FakeQuantize(x, grid)).abs().max().item<float>(), 1e-3);
}

TEST(OnnxExportTest, OperatorsThatRunAsIntegersAreNamed) {
  const ExportedNetwork exported(Quantized(TinyTeacher(), Deploy(), 4, 4, true));
  const OnnxExport onnx = ExportOnnx(exported, {{"method", "test"}});
  std::map<std::string, std::string> runs;
  for (const RunsAs& one : onnx.operators) runs[one.op] = one.integers ? "integers" : one.why;
  EXPECT_EQ(runs.at("conv1"), "no quantizer is in front of it");
  EXPECT_EQ(runs.at("conv2"), "integers");
  EXPECT_EQ(runs.at("add"), "integers");
  EXPECT_EQ(runs.at("fc"), "integers");
}

// What our reader makes of the file computes the same: every operator of the golden networks is
// written as it is read.
TEST(OnnxExportTest, NetworksWithoutQuantizersComeBackFromTheirFiles) {
  const TempFolder folder;
  std::set<Op> written;
  for (const char* name : {"residual", "gates", "dense", "tokens"}) {
    const auto file = GoldenOnnx().front().parent_path() / (std::string(name) + ".preserve.onnx");
    Teacher teacher;
    teacher.graph = ReadOnnx(file, {}).graph;
    for (const Node& node : teacher.graph.nodes) written.insert(node.op);
    const QuantizedNetwork network(teacher,
                                   {Protocol{}, false, kPassThroughBits, kPassThroughBits});
    WriteFileAtomically(folder / "net.onnx", ExportOnnx(ExportedNetwork(network), {}).bytes);
    const Graph back = ReadOnnx(folder / "net.onnx", {}).graph;
    torch::manual_seed(8);
    const torch::Tensor x = torch::randn(teacher.graph.BatchShape(3));
    const torch::NoGradGuard no_grad;
    EXPECT_LT(Apart(zerosweep::Run(back, x), zerosweep::Run(teacher.graph, x)), 1e-6) << name;
  }
  EXPECT_GT(written.size(), 30u);
}

TEST(ExportedNetworkTest, AClipBeforeAQuantizerIsOneOfCodes) {
  ExportedActivation activation;
  activation.step = 0.5F;
  activation.zero_point = 3;
  activation.high = 15;
  using Ends = std::pair<int, int>;
  EXPECT_EQ(CodesWithin(activation, 0, INFINITY), (Ends{3, 15}));
  EXPECT_EQ(CodesWithin(activation, 0, 4.1), (Ends{3, 11}));
  EXPECT_EQ(CodesWithin(activation, -INFINITY, INFINITY), (Ends{0, 15}));
  // Of a negative range: the zero point is far above all codes.
  activation.zero_point = 200;
  EXPECT_EQ(CodesWithin(activation, -INFINITY, INFINITY), (Ends{0, 15}));
}

TEST(TensorsTest, DecodeToTheEnginesWeights) {
  const QuantizedNetwork network = Quantized(TinyTeacher(), Json::object(), 4, 4, false);
  const ExportedNetwork exported(Quantized(TinyTeacher(), Deploy(), 4, 4, true));
  const auto decode = [](const std::map<std::string, torch::Tensor>& tensors, const Node& node) {
    const torch::Tensor& codes = tensors.at(node.name + ".codes");
    return AlongChannels(tensors.at(node.name + ".scale"), codes) *
           (codes.to(torch::kInt32) - AlongChannels(tensors.at(node.name + ".zero_point"), codes));
  };
  const auto paper = TensorsOf(network);
  for (const auto& [node, weight] : network.weights()) {
    const Node& at = network.graph().nodes[static_cast<size_t>(node)];
    EXPECT_LT(Apart(decode(paper, at), at.parameters.at("weight")), 1.2e-7);
  }
  const auto tensors = TensorsOf(exported);
  for (const auto& [node, weight] : exported.weights()) {
    const Node& at = exported.graph().nodes[static_cast<size_t>(node)];
    EXPECT_TRUE(torch::equal(decode(tensors, at), at.parameters.at("weight").contiguous()));
  }
  EXPECT_EQ(paper.at("relu1.output.zero_point").scalar_type(), torch::kInt32);
}

}  // namespace
}  // namespace zerosweep
