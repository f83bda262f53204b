#include "engine/import/pt2/pt2_lowering.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "engine/graph/executor.h"
#include "tests/support/engine/import/pt2_program.h"
#include "tests/support/error_message.h"

namespace zerosweep {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

std::filesystem::path GoldenPt2(const std::string& name) {
  const char* source = std::getenv("ZEROSWEEP_SOURCE");
  return std::filesystem::path(source != nullptr ? source : ".") / "tests/golden/pt2" / name;
}

ImportedNetwork Lowered(const Pt2ProgramText& text, const std::vector<int64_t>& shape = {}) {
  return LowerPt2(ParsePt2(text.Archive(), "net.pt2"), "net.pt2", shape);
}

std::string LoweringRefusal(const Pt2ProgramText& text, const std::vector<int64_t>& shape = {}) {
  return ErrorMessage(ErrorKind::kUsage, [&] { Lowered(text, shape); });
}

// As tests/golden/make_pt2.py makes them.
torch::Tensor Images(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return torch::sin(torch::arange(count, torch::kFloat64) * 0.7).to(torch::kFloat32).reshape(shape);
}

torch::Tensor OutputOf(const Graph& graph, const torch::Tensor& x) {
  const torch::NoGradGuard no_grad;
  return Run(graph, x);
}

std::set<std::string> NodeNames(const Graph& graph) {
  std::set<std::string> names;
  for (const Node& node : graph.nodes) names.insert(node.name);
  return names;
}

int CountOf(const Graph& graph, Op op) {
  int count = 0;
  for (const Node& node : graph.nodes) count += node.op == op ? 1 : 0;
  return count;
}

// The largest difference from torch's own output, relative to its largest value. Another order of
// sums changes float32 by some 1e-7.
double DifferenceFromTorch(const std::string& name) {
  const ImportedNetwork network = ReadPt2(GoldenPt2(name + ".pt2"));
  const std::string bytes = ReadFile(GoldenPt2(name + ".bin"));
  torch::Tensor expected = torch::empty({1, static_cast<int64_t>(bytes.size() / sizeof(float))});
  std::memcpy(expected.data_ptr(), bytes.data(), bytes.size());
  const torch::Tensor x = Images(network.graph.BatchShape(2)).slice(0, 0, 1);
  const torch::Tensor output = OutputOf(network.graph, x);
  if (output.sizes() != expected.sizes()) {
    ADD_FAILURE() << output.sizes() << " instead of " << expected.sizes();
    return 1;
  }
  return ((output - expected).abs().max() / expected.abs().max()).item<double>();
}

TEST(Pt2LoweringTest, EveryOperatorGivesTheOutputsOfTorch) {
  EXPECT_LT(DifferenceFromTorch("operators"), 1e-5);
}

TEST(Pt2LoweringTest, DecomposedOperatorsGiveTheOutputsOfTorch) {
  EXPECT_LT(DifferenceFromTorch("core"), 1e-5);
}

TEST(Pt2LoweringTest, BothFormsOfAProgramGiveOneNetwork) {
  const ImportedNetwork whole = ReadPt2(GoldenPt2("plain.pt2")),
                        core = ReadPt2(GoldenPt2("plain_core.pt2"));
  const torch::Tensor x = Images({3, 2, 6, 6});
  const torch::Tensor output = OutputOf(whole.graph, x);
  EXPECT_TRUE(torch::allclose(output, OutputOf(core.graph, x)));
  // The network of make_pt2.py, in plain tensor operations.
  const torch::Tensor weight = torch::arange(36.0f).reshape({2, 2, 3, 3});
  torch::Tensor y = torch::conv2d(x, weight, torch::tensor({1.0f, -1.0f}), 1, 1);
  const auto by_channel = [](float a, float b) { return torch::tensor({a, b}).view({2, 1, 1}); };
  y = torch::relu((y - by_channel(0.25f, 0.5f)) / torch::sqrt(by_channel(4.0f, 9.0f) + 1e-5));
  y = torch::conv2d(y * by_channel(0.5f, 2.0f), weight);
  const torch::Tensor expected =
      torch::cat({y.slice(1, 0, 1).flatten(1), (y.slice(1, 1, 2) + 4).flatten(1)}, 1);
  EXPECT_TRUE(torch::allclose(output, expected, 1e-4, 1e-4));

  ASSERT_EQ(whole.outputs.size(), 2u);
  EXPECT_THAT(whole.outputs[0].shape, ElementsAre(16));
  EXPECT_THAT(whole.outputs[1].shape, ElementsAre(1, 4, 4));
  EXPECT_EQ(CountOf(whole.graph, Op::kBatchNorm), 1);
  const std::set<std::string> names = NodeNames(whole.graph);
  for (const char* name : {"conv", "bn", "act", "tied"}) EXPECT_THAT(names, Contains(name));
}

TEST(Pt2LoweringTest, NetworksInTrainingModeAreRefused) {
  EXPECT_THAT(ErrorMessage(ErrorKind::kUsage, [] { ReadPt2(GoldenPt2("training.pt2")); }),
              HasSubstr("call model.eval() before exporting"));
}

TEST(Pt2LoweringTest, UnsupportedOperatorsAreNamedWithTheirPlace) {
  Pt2ProgramText text;
  text.Node("cumsum.default", {{"self", AsTensor("x")}, {"dim", AsInt(1)}}, {"y"}).Output("y");
  EXPECT_EQ(LoweringRefusal(text),
            "net.pt2: operator aten.cumsum.default at 'y': it is not supported");
  text.nodes()[0]["metadata"] = {
      {"stack_trace",
       "  File \"/home/user/net.py\", line 12, in forward\n    return self.act(x)\n"
       "  File \"/venv/site-packages/torch/nn/modules/activation.py\", line 133, in forward\n"},
      {"nn_module_stack", "L__self__,,net.Net;L__self__layer1,layer1,net.Block"}};
  EXPECT_EQ(
      LoweringRefusal(text),
      "net.pt2: operator aten.cumsum.default at 'layer1.cumsum' (net.py:12): it is not supported");
  text.nodes()[0]["target"] = "torch.ops.higher_order.cond";
  EXPECT_THAT(LoweringRefusal(text), HasSubstr("operator higher_order.cond at"));
}

TEST(Pt2LoweringTest, InputsMustBeImages) {
  const auto refusal = [](const std::vector<int64_t>& file, const std::vector<int64_t>& wanted) {
    Pt2ProgramText text(file);
    return LoweringRefusal(text.Node("relu.default", {{"self", AsTensor("x")}}, {"y"}).Output("y"),
                           wanted);
  };
  EXPECT_EQ(refusal({2, 3, 4, 4}, {}), "no error");
  EXPECT_EQ(refusal({2, 3, 4, 4}, {3, 4, 4}), "no error");
  EXPECT_EQ(refusal({2, 3, 4, 4}, {3, 8, 8}),
            "net.pt2: it takes images of 3x4x4, not of 3x8x8: export it for that size");
  EXPECT_THAT(refusal({2, 3}, {}), HasSubstr("its input 'x' is 2x3, must be a batch of images"));
  EXPECT_THAT(refusal({1, 1 << 20, 1 << 20, 1 << 20}, {}), HasSubstr("must be a batch of images"));

  Pt2ProgramText free;
  for (const size_t dim : {0, 2, 3})
    free.graph()["tensor_values"]["x"]["sizes"][dim] = {{"as_expr", {{"expr_str", "s0"}}}};
  free.Node("relu.default", {{"self", AsTensor("x")}}, {"y"}).Output("y");
  EXPECT_EQ(LoweringRefusal(free),
            "net.pt2: it takes images of 2x?x?: say which with --input-shape 3x224x224");
  EXPECT_THAT(Lowered(free, {2, 5, 7}).graph.input_shape, ElementsAre(2, 5, 7));

  Pt2ProgramText two;
  two.signature()["input_specs"].push_back({{"user_input", {{"arg", AsTensor("z")}}}});
  two.graph()["tensor_values"]["z"] = two.graph()["tensor_values"]["x"];
  two.Output("x");
  EXPECT_THAT(LoweringRefusal(two), HasSubstr("it has 2 inputs"));
}

TEST(Pt2LoweringTest, ImagesMustStayApart) {
  const auto refusal = [](const std::string& target, const Json& shape) {
    Pt2ProgramText text;
    text.Node(target, {{"self", AsTensor("x")}, {"size", shape}}, {"y"}).Output("y");
    return LoweringRefusal(text);
  };
  EXPECT_EQ(refusal("view.default", AsInts({2, -1})), "no error");
  EXPECT_THAT(refusal("view.default", AsInts({4, 16})),
              HasSubstr("it moves values between images"));
  EXPECT_THAT(refusal("view.default", AsInts({5, -1})), HasSubstr("aten.view.default at 'y'"));
  Pt2ProgramText mean;
  mean.Node("mean.default", {{"self", AsTensor("x")}}, {"y"}).Output("y");
  EXPECT_THAT(LoweringRefusal(mean), HasSubstr("across the images of a batch"));
}

TEST(Pt2LoweringTest, ChangesInPlaceAreFollowed) {
  // y = relu_(conv(x)); who reads the convolution later reads y.
  Pt2ProgramText text;
  text.Node("neg.default", {{"self", AsTensor("x")}}, {"a"})
      .Node("relu_.default", {{"self", AsTensor("a")}}, {"y"})
      .Node("add.Tensor", {{"self", AsTensor("a")}, {"other", AsTensor("y")}}, {"z"})
      .Output("z");
  const torch::Tensor x = Images({2, 2, 4, 4});
  EXPECT_TRUE(torch::equal(OutputOf(Lowered(text).graph, x), 2 * torch::relu(-x)));
  // Of a part that changes, the whole is refused.
  Pt2ProgramText part;
  part.Node("neg.default", {{"self", AsTensor("x")}}, {"a"})
      .Node("slice.Tensor", {{"self", AsTensor("a")}, {"dim", AsInt(1)}, {"end", AsInt(1)}}, {"b"})
      .Node("relu_.default", {{"self", AsTensor("b")}}, {"c"})
      .Output("c");
  EXPECT_EQ(LoweringRefusal(part), "no error");
  part.Output("a");
  EXPECT_THAT(LoweringRefusal(part),
              HasSubstr("'a', of which an earlier operator changes a part in place"));
  part.Node("exp.default", {{"self", AsTensor("a")}}, {"d"});
  EXPECT_THAT(LoweringRefusal(part), HasSubstr("operator aten.exp.default at 'd': it reads 'a'"));
}

TEST(Pt2LoweringTest, DefaultsAreThoseOfAten) {
  // Only what the schema of ATen demands is given.
  const torch::Tensor weight = torch::arange(8.0f).reshape({2, 2, 2, 1});
  Pt2ProgramText text;
  text.Parameter("w", weight)
      .Node("conv2d.default", {{"input", AsTensor("x")}, {"weight", AsTensor("p_w")}}, {"a"})
      .Node("leaky_relu.default", {{"self", AsTensor("a")}}, {"b"})
      .Node("max_pool2d.default", {{"self", AsTensor("b")}, {"kernel_size", AsInts({2, 2})}}, {"c"})
      .Node("flatten.using_ints", {{"self", AsTensor("c")}, {"start_dim", AsInt(1)}}, {"d"})
      .Output("d");
  const torch::Tensor x = Images({2, 2, 4, 4});
  const torch::Tensor expected =
      torch::max_pool2d(torch::leaky_relu(torch::conv2d(x, weight), 0.01), 2).flatten(1);
  EXPECT_TRUE(torch::allclose(OutputOf(Lowered(text).graph, x), expected));
}

TEST(Pt2LoweringTest, DamagedArgumentsAreNamed) {
  const auto refusal = [](const std::string& target,
                          const std::vector<std::pair<std::string, Json>>& arguments) {
    Pt2ProgramText text;
    text.Parameter("w", torch::ones({2, 2, 1, 1}));
    return LoweringRefusal(text.Node(target, arguments, {"y"}).Output("y"));
  };
  const std::pair<std::string, Json> self = {"self", AsTensor("x")};
  EXPECT_THAT(refusal("relu.default", {}), HasSubstr("its argument 'self' is missing"));
  EXPECT_THAT(refusal("relu.default", {{"self", AsTensor("q")}}),
              HasSubstr("'q', which nothing makes"));
  EXPECT_THAT(refusal("relu.default", {{"self", AsTensors({"x"})}}), HasSubstr("of another kind"));
  EXPECT_THAT(refusal("select.int", {self, {"dim", AsInt(7)}, {"index", AsInt(0)}}),
              HasSubstr("dimension 7 of a tensor of 4"));
  EXPECT_THAT(refusal("select.int", {self, {"dim", AsInt(1)}, {"index", AsInt(2)}}),
              HasSubstr("index is out of range"));
  EXPECT_THAT(refusal("chunk.default", {self, {"chunks", AsInt(0)}, {"dim", AsInt(1)}}),
              HasSubstr("it makes 0 parts"));
  EXPECT_THAT(refusal("slice.Tensor", {self, {"dim", AsInt(1)}, {"step", AsInt(-1)}}),
              HasSubstr("steps of -1"));
  EXPECT_THAT(refusal("permute.default", {self, {"dims", AsInts({0, 1, 1, 2})}}),
              HasSubstr("no permutation"));
  EXPECT_THAT(refusal("view.default", {self, {"size", AsInts({INT64_MAX, INT64_MAX})}}),
              HasSubstr("aten.view.default"));
  EXPECT_THAT(refusal("split.Tensor", {self, {"split_size", AsInt(0)}, {"dim", AsInt(1)}}),
              HasSubstr("parts of 0"));
  for (const std::vector<int64_t>& sizes :
       {std::vector<int64_t>{2, INT64_MAX}, {1}, {3, -1}, {-INT64_MAX, 2}})
    EXPECT_THAT(refusal("split_with_sizes.default",
                        {self, {"split_sizes", AsInts(sizes)}, {"dim", AsInt(1)}}),
                HasSubstr("do not make the whole"));
  EXPECT_THAT(
      refusal("upsample_nearest2d.vec", {self, {"scale_factors", {{"as_floats", {1e9, 1e9}}}}}),
      HasSubstr("out of range"));
  EXPECT_THAT(
      refusal("full.default", {{"size", AsInts({1 << 20, 1 << 20})}, {"fill_value", AsFloat(1)}}),
      HasSubstr("an impossible size"));
  EXPECT_THAT(refusal("dropout.default",
                      {{"input", AsTensor("x")}, {"p", AsFloat(0.5)}, {"train", AsBool(true)}}),
              HasSubstr("call model.eval()"));
  EXPECT_THAT(refusal("conv2d.default", {{"input", AsTensor("x")}, {"weight", AsTensor("x")}}),
              HasSubstr("its weight depends on the image"));
  const auto conv = [&](const char* name, const std::vector<int64_t>& value) {
    return refusal("conv2d.default",
                   {{"input", AsTensor("x")}, {"weight", AsTensor("p_w")}, {name, AsInts(value)}});
  };
  EXPECT_EQ(conv("padding", {1, 1}), "no error");
  for (const char* name : {"stride", "dilation"})
    EXPECT_THAT(conv(name, {0, 1}), HasSubstr("impossible")) << name;
  EXPECT_THAT(conv("padding", {INT64_MAX, 1}), HasSubstr("out of range"));
  EXPECT_THAT(conv("padding", {1 << 20, 1 << 20}), HasSubstr("it makes a tensor of"));
  EXPECT_THAT(conv("stride", {1, 1, 1}), HasSubstr("of another kind"));
}

TEST(Pt2LoweringTest, NegativeVariancesAreRefused) {
  Pt2ProgramText text;
  text.Parameter("m", torch::zeros({2}))
      .Parameter("v", torch::tensor({1.0f, -1.0f}))
      .Node("batch_norm.default",
            {{"input", AsTensor("x")},
             {"running_mean", AsTensor("p_m")},
             {"running_var", AsTensor("p_v")},
             {"training", AsBool(false)}},
            {"y"})
      .Output("y");
  EXPECT_THAT(LoweringRefusal(text), HasSubstr("a variance is negative"));
}

TEST(Pt2LoweringTest, ConstantsAreComputedAtOnce) {
  // x + (w · 2)[0], of which the graph holds the sum alone.
  Pt2ProgramText text;
  text.Parameter("w", torch::arange(4.0f).reshape({2, 2, 1, 1}))
      .Node("mul.Tensor", {{"self", AsTensor("p_w")}, {"other", AsInt(2)}}, {"a"})
      .Node("select.int", {{"self", AsTensor("a")}, {"dim", AsInt(0)}, {"index", AsInt(1)}}, {"b"})
      .Node("add.Tensor", {{"self", AsTensor("x")}, {"other", AsTensor("b")}}, {"y"})
      .Output("y");
  const ImportedNetwork network = Lowered(text);
  EXPECT_EQ(network.graph.nodes.size(), 2u);
  const torch::Tensor x = Images({2, 2, 4, 4});
  EXPECT_TRUE(
      torch::equal(OutputOf(network.graph, x), x + torch::tensor({4.0f, 6.0f}).view({2, 1, 1})));
}

TEST(Pt2LoweringTest, SumsOfNothingVanish) {
  // Python's sum() begins with 0.
  Pt2ProgramText text;
  text.Node("relu.default", {{"self", AsTensor("x")}}, {"a"})
      .Node("add.Tensor", {{"self", AsTensor("a")}, {"other", AsInt(0)}}, {"b"})
      .Node("mul.Tensor", {{"self", AsTensor("b")}, {"other", AsFloat(1)}}, {"c"})
      .Output("c");
  EXPECT_EQ(Lowered(text).graph.nodes.size(), 2u);
}

}  // namespace
}  // namespace zerosweep
