// What exporters compute from shapes and constants, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <torch/types.h>

#include <limits>

#include "tests/support/engine/import/onnx_model.h"

namespace zerosweep {
namespace {

using onnx_bytes::Call;
using onnx_bytes::Int;
using onnx_bytes::Ints;
using onnx_bytes::OfTensor;
using testing::HasSubstr;

torch::Tensor Longs(const std::vector<int64_t>& values) {
  return torch::tensor(values, torch::kInt64);
}
torch::Tensor Long(int64_t value) { return torch::scalar_tensor(value, torch::kInt64); }

// y = x + k, where the nodes compute k, cast to float32 at the end.
OnnxModel Adding(std::vector<std::string> nodes,
                 std::vector<std::pair<std::string, torch::Tensor>> constants) {
  OnnxModel model;
  model.x = torch::zeros({2, 3, 1, 1});
  model.nodes = std::move(nodes);
  model.nodes.push_back(Call("Cast", {"k"}, {"f"}, {Int("to", 1)}));
  model.nodes.push_back(Call("Add", {"x", "f"}, {"y"}));
  model.constants = std::move(constants);
  return model;
}

void ExpectConstant(const OnnxModel& model, const std::vector<float>& expected) {
  try {
    const torch::Tensor output = model.Output();
    EXPECT_TRUE(torch::equal(output[0].flatten(), torch::tensor(expected))) << output[0].flatten();
  } catch (const std::exception& error) {
    FAIL() << error.what();
  }
}

TEST(OnnxConstantsTest, ArithmeticOfWholeNumbers) {
  const auto of_two = [](const std::string& op, const std::vector<int64_t>& a,
                         const std::vector<int64_t>& b) {
    return Adding({Call(op, {"a", "b"}, {"v"}), Call("Unsqueeze", {"v", "axes"}, {"k"})},
                  {{"a", Longs(a)}, {"b", Longs(b)}, {"axes", Longs({1, 2})}});
  };
  ExpectConstant(of_two("Add", {1, 2, 3}, {10}), {11, 12, 13});
  ExpectConstant(of_two("Sub", {1, 2, 3}, {10}), {-9, -8, -7});
  ExpectConstant(of_two("Mul", {1, 2, 3}, {-2}), {-2, -4, -6});
  ExpectConstant(of_two("Div", {7, -7, 8}, {2}), {3, -3, 4});  // towards zero
  ExpectConstant(of_two("Mod", {7, -7, 8}, {3}), {1, 2, 2});   // the sign of the divisor
  ExpectConstant(of_two("Pow", {2, 3, 4}, {2}), {4, 9, 16});
  ExpectConstant(of_two("Min", {1, 5, 3}, {2}), {1, 2, 2});
  ExpectConstant(of_two("Max", {1, 5, 3}, {2}), {2, 5, 3});
  ExpectConstant(of_two("Equal", {1, 5, 3}, {5}), {0, 1, 0});
  ExpectConstant(of_two("Greater", {1, 5, 3}, {2}), {0, 1, 1});
  ExpectConstant(of_two("LessOrEqual", {1, 5, 3}, {3}), {1, 0, 1});
  EXPECT_THAT(of_two("Div", {1, 2, 3}, {0}).Refusal(), HasSubstr("divides by zero"));
  EXPECT_THAT(of_two("Mod", {1, 2, 3}, {0}).Refusal(), HasSubstr("divides by zero"));
  const int64_t least = std::numeric_limits<int64_t>::min();
  EXPECT_THAT(of_two("Div", {1, 2, least}, {-1}).Refusal(), HasSubstr("the least number"));
  EXPECT_THAT(of_two("Mod", {1, 2, least}, {-1}).Refusal(), HasSubstr("the least number"));
  EXPECT_THAT(of_two("Add", {1, 2, 3}, {1, 2}).Refusal(), HasSubstr("operator Add at 'v'"));
}

TEST(OnnxConstantsTest, MovementsOfConstants) {
  const std::string spread = Call("Unsqueeze", {"v", "axes"}, {"k"});
  const auto from = [&](const std::string& node,
                        std::vector<std::pair<std::string, torch::Tensor>> constants) {
    constants.emplace_back("axes", Longs({1, 2}));
    return Adding({node, spread}, std::move(constants));
  };
  const torch::Tensor numbers = Longs({4, 5, 6, 7});
  ExpectConstant(
      from(Call("Gather", {"a", "i"}, {"v"}), {{"a", numbers}, {"i", Longs({3, 0, -2})}}),
      {7, 4, 6});
  EXPECT_THAT(
      from(Call("Gather", {"a", "i"}, {"v"}), {{"a", numbers}, {"i", Longs({4})}}).Refusal(),
      HasSubstr("beyond the 4 entries"));
  ExpectConstant(from(Call("Slice", {"a", "s", "e"}, {"v"}),
                      {{"a", numbers}, {"s", Longs({-3})}, {"e", Longs({100})}}),
                 {5, 6, 7});
  // Backwards, past the first entry.
  ExpectConstant(from(Call("Slice", {"a", "s", "e", "d", "t"}, {"v"}),
                      {{"a", numbers},
                       {"s", Longs({2})},
                       {"e", Longs({std::numeric_limits<int64_t>::min() + 1})},
                       {"d", Longs({0})},
                       {"t", Longs({-1})}}),
                 {6, 5, 4});
  ExpectConstant(from(Call("Concat", {"a", "b"}, {"v"}, {Int("axis", 0)}),
                      {{"a", Longs({1})}, {"b", Longs({2, 3})}}),
                 {1, 2, 3});
  ExpectConstant(from(Call("Range", {"a", "b", "c"}, {"v"}),
                      {{"a", Long(7)}, {"b", Long(0)}, {"c", Long(-3)}}),
                 {7, 4, 1});
  ExpectConstant(from(Call("Expand", {"a", "s"}, {"v"}), {{"a", Longs({9})}, {"s", Longs({3})}}),
                 {9, 9, 9});
  ExpectConstant(from(Call("Tile", {"a", "s"}, {"v"}), {{"a", Longs({9})}, {"s", Longs({3})}}),
                 {9, 9, 9});
  ExpectConstant(
      from(Call("Where", {"c", "a", "b"}, {"v"}), {{"c", torch::tensor({1, 0, 1}).to(torch::kBool)},
                                                   {"a", Longs({1, 2, 3})},
                                                   {"b", Longs({-1})}}),
      {1, -1, 3});
  ExpectConstant(
      from(Call("ConstantOfShape", {"s"}, {"v"}, {OfTensor("value", OnnxTensor("", Longs({8})))}),
           {{"s", Longs({3})}}),
      {8, 8, 8});
  ExpectConstant(from(Call("Transpose", {"a"}, {"v"}), {{"a", Longs({1, 2, 3})}}), {1, 2, 3});
}

TEST(OnnxConstantsTest, ShapesAreConstants) {
  OnnxModel model;  // 2×4×6×6
  model.nodes = {Call("Shape", {"x"}, {"s"}),
                 Call("Gather", {"s", "one"}, {"c"}),
                 Call("Div", {"c", "two"}, {"half"}),
                 Call("Unsqueeze", {"half", "zero"}, {"h"}),
                 Call("Shape", {"x"}, {"area"}, {Int("start", -2)}),
                 Call("Shape", {"x"}, {"batch"}, {Int("end", 1)}),
                 Call("Concat", {"batch", "h", "list", "area"}, {"to"}, {Int("axis", 0)}),
                 Call("Reshape", {"x", "to"}, {"y"})};
  model.constants = {
      {"one", Long(1)}, {"two", Long(2)}, {"zero", Longs({0})}, {"list", Longs({2})}};
  EXPECT_EQ(model.Output().sizes(), (std::vector<int64_t>{2, 2, 2, 6, 6}));
  EXPECT_EQ(model.Read().graph.nodes.size(), 2u);
  model.nodes = {Call("Size", {"x"}, {"n"}), Call("Unsqueeze", {"n", "zero"}, {"l"}),
                 Call("Reshape", {"x", "l"}, {"y"})};
  EXPECT_THAT(model.Refusal(), HasSubstr("moves values between images"));
}

TEST(OnnxConstantsTest, ConstantsHaveBounds) {
  rusage before{};
  getrusage(RUSAGE_SELF, &before);
  const int64_t huge = int64_t{1} << 40;
  const auto refusal = [](const std::string& node,
                          std::vector<std::pair<std::string, torch::Tensor>> constants) {
    return Adding({node}, std::move(constants)).Refusal();
  };
  EXPECT_THAT(refusal(Call("ConstantOfShape", {"s"}, {"k"}), {{"s", Longs({huge})}}),
              HasSubstr("more than the file has room for"));
  EXPECT_THAT(refusal(Call("ConstantOfShape", {"s"}, {"k"}), {{"s", Longs({huge, huge, huge})}}),
              HasSubstr("more than the file has room for"));
  EXPECT_THAT(refusal(Call("ConstantOfShape", {"s"}, {"k"}), {{"s", Longs({-1})}}),
              HasSubstr("more than the file has room for"));
  EXPECT_THAT(refusal(Call("Expand", {"a", "s"}, {"k"}), {{"a", Longs({1})}, {"s", Longs({huge})}}),
              HasSubstr("more than the file has room for"));
  EXPECT_THAT(refusal(Call("Tile", {"a", "s"}, {"k"}), {{"a", Longs({1})}, {"s", Longs({huge})}}),
              HasSubstr("impossible"));
  EXPECT_THAT(refusal(Call("Range", {"a", "b", "c"}, {"k"}),
                      {{"a", Long(0)}, {"b", Long(huge)}, {"c", Long(1)}}),
              HasSubstr("more than the file has room for"));
  EXPECT_THAT(refusal(Call("Range", {"a", "b", "c"}, {"k"}),
                      {{"a", Long(0)}, {"b", Long(1)}, {"c", Long(0)}}),
              HasSubstr("no end"));
  // Many that fit alone; those that nothing reads any more take no room.
  std::vector<std::string> nodes, names;
  for (int i = 0; i < 100; ++i) {
    names.push_back("c" + std::to_string(i));
    nodes.push_back(Call("ConstantOfShape", {"s"}, {names.back()}));
    nodes.push_back(Call("Neg", {names.back()}, {"n" + std::to_string(i)}));
  }
  nodes.push_back(Call("ConstantOfShape", {"one"}, {"k"}));
  const std::vector<std::pair<std::string, torch::Tensor>> sizes = {{"s", Longs({1 << 20})},
                                                                    {"one", Longs({1})}};
  EXPECT_EQ(Adding(nodes, sizes).Refusal(), "read");
  nodes.back() = Call("Sum", names, {"k"});
  EXPECT_THAT(Adding(nodes, sizes).Refusal(), HasSubstr("more than the file has room for"));
  rusage after{};
  getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 300 << 10);
}

TEST(OnnxRefusalsTest, OperatorsThatAreNotSupportedAreNamed) {
  OnnxModel model;
  const auto refusal = [&](const std::string& node) {
    model.nodes = {node};
    return model.Refusal();
  };
  EXPECT_THAT(refusal(Call("Quark", {"x"}, {"y"})),
              HasSubstr("operator Quark at 'y': it is not supported"));
  const std::string trace = onnx_bytes::Bytes(1, "pkg.torch.onnx.stack_trace") +
                            onnx_bytes::Bytes(2, "File \"/a/net.py\", line 7, in forward");
  EXPECT_THAT(refusal(Call("Quark", {"x"}, {"y"}) + onnx_bytes::Bytes(3, "odd") +
                      onnx_bytes::Bytes(9, trace)),
              HasSubstr("operator Quark at 'odd' (net.py:7): it is not supported"));
  EXPECT_THAT(refusal(Call("DequantizeLinear", {"x"}, {"y"})), HasSubstr("already quantized"));
  EXPECT_THAT(refusal(Call("Relu", {"x"}, {"y"}, {Int("consumed_inputs", 1)})),
              HasSubstr("its attribute 'consumed_inputs' is unknown"));
  EXPECT_THAT(refusal(Call("Conv", {"x"}, {"y"})), HasSubstr("its input 1 is absent"));
  EXPECT_THAT(refusal(Call("Conv", {"x", "x"}, {"y"})),
              HasSubstr("its weight depends on the image"));
  EXPECT_THAT(refusal(Call("Relu", {}, {"y"})), HasSubstr("operator Relu at 'y'"));
  EXPECT_THAT(refusal(Call("Cast", {"x"}, {"y"}, {Int("to", 7)})), HasSubstr("it rounds to Long"));
  EXPECT_THAT(refusal(Call("Cast", {"x"}, {"y"}, {Int("to", 8)})), HasSubstr("not read (8)"));
  EXPECT_THAT(refusal(Call("MaxPool", {"x"}, {"y"}, {Ints("kernel_shape", {9, 9})})),
              HasSubstr("operator MaxPool at 'y'"));
  EXPECT_THAT(refusal(Call("MaxPool", {"x"}, {"i", "y"}, {Ints("kernel_shape", {2, 2})})),
              HasSubstr("its output 'y' is not supported"));
  EXPECT_THAT(refusal(Call(std::string(1 << 20, 'Q'), {"x"}, {"y"})), HasSubstr("…"));
  EXPECT_LT(refusal(Call(std::string(1 << 20, 'Q'), {"x"}, {"y"})).size(), 1000u);
  model.constants = {{"r", torch::scalar_tensor(0.5f)},
                     {"t", torch::scalar_tensor(1).to(torch::kBool)}};
  EXPECT_THAT(refusal(Call("Dropout", {"x", "r", "t"}, {"y"})), HasSubstr("in training mode"));
  EXPECT_EQ(refusal(Call("Dropout", {"x", "r"}, {"y"})), "read");
}

TEST(OnnxRefusalsTest, NetworksHaveOneBatchOfImages) {
  const auto refusal = [](const std::vector<std::string>& inputs, const std::string& node) {
    const TempFolder folder;
    std::ofstream(folder / "net.onnx", std::ios::binary)
        << onnx_bytes::Model({.nodes = {node}, .inputs = inputs});
    try {
      ReadOnnx(folder / "net.onnx");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      return std::string(error.what());
    }
    return std::string("read");
  };
  using onnx_bytes::Port;
  const std::string relu = Call("Relu", {"x"}, {"y"});
  EXPECT_THAT(refusal({Port("x", {1, 3, 4, 4}), Port("z", {1})}, relu),
              HasSubstr("has 2 inputs (x, z)"));
  EXPECT_THAT(refusal({}, Call("ConstantOfShape", {}, {"y"})), HasSubstr("has 0 inputs"));
  EXPECT_THAT(refusal({Port("x", {1, 16})}, relu), HasSubstr("has 2 dimensions (1×16)"));
  EXPECT_THAT(refusal({onnx_bytes::Bytes(1, "x")}, relu), HasSubstr("is free (unknown)"));
  EXPECT_THAT(refusal({Port("x", {1, 1 << 12, 1 << 12, 1 << 12})}, relu), HasSubstr("net.onnx"));
  EXPECT_EQ(refusal({Port("x", {-1, 3, 4, 4})}, relu), "read");
}

}  // namespace
}  // namespace zerosweep
