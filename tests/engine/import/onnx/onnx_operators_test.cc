// Single operators against plain operations of PyTorch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "tests/support/engine/import/onnx_model.h"

namespace zerosweep {
namespace {

using onnx_bytes::Call;
using onnx_bytes::Float;
using onnx_bytes::Int;
using onnx_bytes::Ints;
using onnx_bytes::Text;
using testing::HasSubstr;
using Sizes = std::vector<int64_t>;

const double kUnit = 2e-6;  // of sums of up to a hundred float32

torch::Tensor Whole(const Sizes& values) { return torch::tensor(values, torch::kInt64); }
torch::Tensor Scalar(double value) { return torch::scalar_tensor(value, torch::kFloat32); }

// y = op(x, constants…), the constants called c0, c1, …
OnnxModel Single(const std::string& op, const std::vector<torch::Tensor>& constants = {},
                 const std::vector<std::string>& attributes = {}, int64_t opset = 20) {
  OnnxModel model;
  std::vector<std::string> inputs = {"x"};
  for (const torch::Tensor& constant : constants) {
    if (!constant.defined()) {
      inputs.emplace_back();
      continue;
    }
    inputs.push_back("c" + std::to_string(inputs.size()));
    model.constants.emplace_back(inputs.back(), constant);
  }
  model.nodes = {Call(op, inputs, {"y"}, attributes)};
  model.opset = opset;
  return model;
}

void ExpectOutput(const OnnxModel& model, const torch::Tensor& expected) {
  try {
    const torch::Tensor output = model.Output();
    ASSERT_EQ(output.sizes(), expected.sizes());
    EXPECT_LT((output - expected).abs().max().item<double>(), kUnit);
  } catch (const std::exception& error) {
    FAIL() << error.what();
  }
}

// Without padding.
torch::Tensor Convolved(const torch::Tensor& x, const torch::Tensor& weight,
                        const torch::Tensor& bias, const Sizes& stride, const Sizes& dilation,
                        int64_t groups) {
  return torch::conv2d(x, weight, bias, torch::IntArrayRef(stride), torch::IntArrayRef{0, 0},
                       torch::IntArrayRef(dilation), groups);
}

TEST(OnnxOperatorsTest, ConvolutionsPadAsTheySay) {
  const torch::Tensor weight = OnnxNumbers({6, 2, 3, 2}, 1), bias = OnnxNumbers({6}, 2);
  const torch::Tensor x = OnnxModel().x;
  // top, left, bottom, right
  ExpectOutput(Single("Conv", {weight, bias},
                      {Ints("pads", {2, 0, 1, 3}), Ints("strides", {2, 1}),
                       Ints("dilations", {1, 2}), Int("group", 2)}),
               Convolved(torch::constant_pad_nd(x, {0, 3, 2, 1}), weight, bias, {2, 1}, {1, 2}, 2));
  // Six rows at stride 2 are three windows of 3, which need a seventh row; six columns at stride 1
  // are six windows of 2.
  const auto same = [&](const char* word) {
    return Single("Conv", {weight},
                  {Text("auto_pad", word), Ints("strides", {2, 1}), Int("group", 2)});
  };
  const auto padded = [&](const Sizes& pads) {
    return Convolved(torch::constant_pad_nd(x, pads), weight, {}, {2, 1}, {1, 1}, 2);
  };
  ExpectOutput(same("SAME_UPPER"), padded({0, 1, 0, 1}));
  ExpectOutput(same("SAME_LOWER"), padded({1, 0, 1, 0}));
  ExpectOutput(same("VALID"), padded({0, 0, 0, 0}));
}

TEST(OnnxOperatorsTest, ConvolutionsOfOneDimension) {
  OnnxModel model = Single("Conv", {OnnxNumbers({2, 4, 3}, 1), OnnxNumbers({2}, 2)},
                           {Ints("pads", {1, 2}), Ints("strides", {2}), Ints("dilations", {2}),
                            Ints("kernel_shape", {3})});
  const torch::Tensor rows = model.x.flatten(2);
  model.nodes.front().replace(model.nodes.front().find("x"), 1, "r");
  model.nodes.insert(model.nodes.begin(), Call("Reshape", {"x", "s"}, {"r"}));
  model.constants.emplace_back("s", Whole({0, 0, -1}));
  ExpectOutput(model, torch::conv1d(torch::constant_pad_nd(rows, {1, 2}), model.constants[0].second,
                                    model.constants[1].second, {2}, torch::IntArrayRef{0}, {2}));
}

TEST(OnnxOperatorsTest, TransposedConvolutions) {
  const torch::Tensor weight = OnnxNumbers({4, 3, 3, 2}, 1), bias = OnnxNumbers({6}, 2);
  const torch::Tensor x = OnnxModel().x;
  ExpectOutput(Single("ConvTranspose", {weight, bias},
                      {Ints("pads", {1, 0, 1, 0}), Ints("strides", {2, 3}),
                       Ints("output_padding", {1, 2}), Ints("dilations", {2, 1}), Int("group", 2)}),
               torch::conv_transpose2d(x, weight, bias, {2, 3}, {1, 0}, {1, 2}, 2, {2, 1}));
  // Unequal pads cut unequal borders off.
  const torch::Tensor whole = torch::conv_transpose2d(x, weight, {}, 2, 0, 0, 2);
  ExpectOutput(Single("ConvTranspose", {weight},
                      {Ints("pads", {0, 1, 2, 0}), Ints("strides", {2, 2}), Int("group", 2)}),
               whole.slice(2, 0, whole.size(2) - 2).slice(3, 1));
}

TEST(OnnxOperatorsTest, Products) {
  OnnxModel model;
  const torch::Tensor weight = OnnxNumbers({144, 5}, 1), bias = OnnxNumbers({5}, 2);
  const torch::Tensor rows = model.x.flatten(1);
  const auto gemm = [&](const torch::Tensor& b, const torch::Tensor& c,
                        const std::vector<std::string>& attributes) {
    OnnxModel one;
    one.nodes = {Call("Flatten", {"x"}, {"f"}), Call("Gemm", {"f", "b", "c"}, {"y"}, attributes)};
    one.constants = {{"b", b}, {"c", c}};
    return one;
  };
  const torch::Tensor product = torch::matmul(rows, weight);
  ExpectOutput(gemm(weight, bias, {Float("alpha", 0.5f), Float("beta", 2)}),
               0.5 * product + 2 * bias);
  ExpectOutput(gemm(weight.t(), bias.view({1, 5}), {Int("transB", 1)}), product + bias);
  ExpectOutput(gemm(weight, Scalar(0.25), {}), product + 0.25);
  EXPECT_THAT(gemm(weight, OnnxNumbers({2, 5}), {}).Refusal(),
              HasSubstr("its C differs between the images"));
  EXPECT_THAT(gemm(weight, bias, {Int("transA", 1)}).Refusal(), HasSubstr("row for each image"));

  model.nodes = {Call("Flatten", {"x"}, {"f"}), Call("MatMul", {"f", "w"}, {"m"}),
                 Call("Add", {"b", "m"}, {"y"})};
  model.constants = {{"w", weight}, {"b", bias}};
  ExpectOutput(model, product + bias);
  EXPECT_EQ(model.Read().graph.nodes.back().op, Op::kLinear);  // with its bias
}

TEST(OnnxOperatorsTest, Norms) {
  const torch::Tensor scale = OnnxNumbers({4}, 1), bias = OnnxNumbers({4}, 2),
                      mean = OnnxNumbers({4}, 3), variance = OnnxNumbers({4}, 4).abs() + 0.1;
  const torch::Tensor x = OnnxModel().x;
  const auto channel = [](const torch::Tensor& of) { return of.view({4, 1, 1}); };
  ExpectOutput(
      Single("BatchNormalization", {scale, bias, mean, variance},
             {Float("epsilon", 0.01f), Float("momentum", 0.5f)}),
      (x - channel(mean)) / (channel(variance) + 0.01).sqrt() * channel(scale) + channel(bias));
  EXPECT_THAT(Single("BatchNormalization", {scale, bias, mean, -variance}).Refusal(),
              HasSubstr("a variance is negative"));
  OnnxModel training = Single("BatchNormalization", {scale, bias, mean, variance}, {}, 9);
  training.nodes = {
      Call("BatchNormalization", {"x", "c1", "c2", "c3", "c4"}, {"y", "m", "v", "sm", "sv"})};
  EXPECT_THAT(training.Refusal(), HasSubstr("it is in training mode: call model.eval()"));

  const torch::Tensor flat = x - x.mean({2, 3}, true);
  ExpectOutput(
      Single("InstanceNormalization", {scale, bias}, {Float("epsilon", 0.01f)}),
      flat / (flat.square().mean({2, 3}, true) + 0.01).sqrt() * channel(scale) + channel(bias));
  const torch::Tensor weight = OnnxNumbers({6}, 1), offset = OnnxNumbers({6}, 2);
  const torch::Tensor centred = x - x.mean({3}, true);
  const torch::Tensor normal = centred / (centred.square().mean({3}, true) + 1e-5).sqrt();
  ExpectOutput(Single("LayerNormalization", {weight, offset}), normal * weight + offset);
  ExpectOutput(Single("LayerNormalization", {weight}, {Int("axis", 3)}), normal * weight);
}

TEST(OnnxOperatorsTest, Pools) {
  const torch::Tensor x = OnnxModel().x;
  const std::string kernel = Ints("kernel_shape", {3, 2});
  const double low = -10;
  ExpectOutput(
      Single(
          "MaxPool", {},
          {kernel, Ints("pads", {1, 0, 0, 1}), Ints("strides", {2, 1}), Ints("dilations", {2, 1})}),
      torch::max_pool2d(torch::constant_pad_nd(x, {0, 1, 1, 0}, low), {3, 2}, {2, 1}, 0, {2, 1}));
  ExpectOutput(Single("MaxPool", {}, {kernel, Ints("strides", {2, 2}), Int("ceil_mode", 1)}),
               torch::max_pool2d(torch::constant_pad_nd(x, {0, 0, 0, 1}, low), {3, 2}, 2));
  ExpectOutput(Single("GlobalMaxPool"), x.amax({2, 3}, true));
  ExpectOutput(Single("GlobalAveragePool"), x.mean({2, 3}, true));

  // Sums over windows, and how many pixels of the image they hold.
  const auto sums = [&](const torch::Tensor& of, const Sizes& pads) {
    return 6 * torch::avg_pool2d(torch::constant_pad_nd(of, pads), {3, 2}, {2, 2});
  };
  for (const Sizes& pads : std::vector<Sizes>{{1, 1, 1, 1}, {0, 1, 1, 0}, {0, 0, 2, 2}}) {
    const std::vector<std::string> attributes = {
        kernel, Ints("strides", {2, 2}), Ints("pads", {pads[2], pads[0], pads[3], pads[1]})};
    const torch::Tensor total = sums(x, pads);
    ExpectOutput(Single("AveragePool", {}, attributes), total / sums(torch::ones_like(x), pads));
    std::vector<std::string> counted = attributes;
    counted.push_back(Int("count_include_pad", 1));
    ExpectOutput(Single("AveragePool", {}, counted), total / 6);
  }
  const Sizes upper = {0, 0, 0, 1};  // of height 6 at stride 2 by windows of 3
  ExpectOutput(
      Single("AveragePool", {}, {kernel, Ints("strides", {2, 2}), Text("auto_pad", "SAME_UPPER")}),
      sums(x, upper) / sums(torch::ones_like(x), upper));
  EXPECT_THAT(Single("AveragePool", {}, {kernel, Ints("dilations", {2, 2})}).Refusal(),
              HasSubstr("dilations are not supported"));
  EXPECT_THAT(Single("MaxPool", {}, {kernel, Int("storage_order", 1)}).Refusal(),
              HasSubstr("storage_order"));
}

TEST(OnnxOperatorsTest, Activations) {
  const torch::Tensor x = OnnxModel().x;
  const torch::Tensor slopes = OnnxNumbers({4, 1, 1}, 1);
  const auto either = [&](const torch::Tensor& negative) {
    return torch::where(x < 0, negative, x);
  };
  ExpectOutput(Single("Relu"), x.clamp_min(0));
  ExpectOutput(Single("LeakyRelu", {}, {Float("alpha", 0.25f)}), either(0.25 * x));
  ExpectOutput(Single("LeakyRelu"), either(0.01 * x));
  ExpectOutput(Single("PRelu", {slopes}), either(slopes * x));
  ExpectOutput(Single("PRelu", {torch::full({1}, 0.5f)}), either(0.5 * x));
  ExpectOutput(Single("Elu", {}, {Float("alpha", 2)}), either(2 * (x.exp() - 1)));
  ExpectOutput(Single("Selu", {}, {}), torch::selu(x));
  ExpectOutput(Single("Selu", {}, {Float("alpha", 2), Float("gamma", 3)}),
               3 * either(2 * (x.exp() - 1)));
  ExpectOutput(Single("Sigmoid"), 1 / (1 + (-x).exp()));
  ExpectOutput(Single("HardSigmoid", {}, {Float("alpha", 0.5f), Float("beta", 0.25f)}),
               (0.5 * x + 0.25).clamp(0, 1));
  ExpectOutput(Single("HardSigmoid"), (0.2 * x + 0.5).clamp(0, 1));
  ExpectOutput(Single("HardSwish"), x * (x + 3).clamp(0, 6) / 6);
  ExpectOutput(Single("Gelu"), x * (1 + torch::erf(x / std::sqrt(2.0))) / 2);
  ExpectOutput(Single("Gelu", {}, {Text("approximate", "tanh")}),
               x * (1 + torch::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x.pow(3)))) / 2);
  ExpectOutput(Single("Tanh"), torch::tanh(x));
  ExpectOutput(Single("Softplus"), (1 + x.exp()).log());
  ExpectOutput(Single("Mish"), x * torch::tanh((1 + x.exp()).log()));
  ExpectOutput(Single("Erf"), torch::erf(x));
}

TEST(OnnxOperatorsTest, Limits) {
  const torch::Tensor x = OnnxModel().x;
  ExpectOutput(Single("Clip", {}, {Float("min", -0.5f), Float("max", 0.25f)}, 7),
               x.clamp(-0.5, 0.25));
  ExpectOutput(Single("Clip", {}, {Float("max", 0.25f), Float("min", -3.4028235e38f)}, 10),
               x.clamp_max(0.25));
  ExpectOutput(Single("Clip", {Scalar(-0.5), Scalar(0.25)}), x.clamp(-0.5, 0.25));
  ExpectOutput(Single("Clip", {{}, Scalar(0.25)}), x.clamp_max(0.25));
  ExpectOutput(Single("Clip"), x);
  ExpectOutput(Single("Max", {Scalar(0.25)}), x.clamp_min(0.25));
  ExpectOutput(Single("Min", {Scalar(0.25)}), x.clamp_max(0.25));
  const Graph six = Single("Clip", {Scalar(0), Scalar(6)}).Read().graph;
  EXPECT_EQ(six.nodes.back().op, Op::kRelu6);
}

TEST(OnnxOperatorsTest, Arithmetic) {
  const torch::Tensor x = OnnxModel().x;
  const torch::Tensor c = OnnxNumbers({4, 1, 1}, 1) + 2;
  ExpectOutput(Single("Add", {c}), x + c);
  ExpectOutput(Single("Sub", {c}), x - c);
  ExpectOutput(Single("Mul", {c}), x * c);
  ExpectOutput(Single("Div", {c}), x / c);
  ExpectOutput(Single("Pow", {Scalar(2)}), x * x);
  ExpectOutput(Single("Neg"), -x);
  ExpectOutput(Single("Abs"), x.abs());
  ExpectOutput(Single("Exp"), x.exp());
  OnnxModel model;
  model.constants = {{"c", c}};
  const auto after = [&](const std::string& node) {
    model.nodes = {Call("Exp", {"x"}, {"e"}), node};
    return model;
  };
  const torch::Tensor e = x.exp();
  ExpectOutput(after(Call("Sub", {"c", "e"}, {"y"})), c - e);
  ExpectOutput(after(Call("Div", {"c", "e"}, {"y"})), c / e);
  ExpectOutput(after(Call("Reciprocal", {"e"}, {"y"})), 1 / e);
  ExpectOutput(after(Call("Sqrt", {"e"}, {"y"})), e.sqrt());
  ExpectOutput(after(Call("Sum", {"e", "x", "c"}, {"y"})), e + x + c);
  ExpectOutput(after(Call("Sub", {"e", "x"}, {"y"})), e - x);
  ExpectOutput(after(Call("Div", {"x", "e"}, {"y"})), x / e);
  EXPECT_THAT(Single("Add", {OnnxNumbers({2, 1, 1, 1})}).Refusal(),
              HasSubstr("its constant differs between the images"));
}

TEST(OnnxOperatorsTest, Reductions) {
  const torch::Tensor x = OnnxModel().x;
  ExpectOutput(Single("ReduceMean", {}, {Ints("axes", {-1, 2})}, 13), x.mean({2, 3}, true));
  ExpectOutput(Single("ReduceMean", {Whole({2, 3})}, {Int("keepdims", 0)}), x.mean({2, 3}));
  ExpectOutput(Single("ReduceMean", {Whole({1})}), x.mean({1}, true));
  ExpectOutput(Single("ReduceSum", {Whole({1, 3})}, {Int("keepdims", 0)}, 13), x.sum({1, 3}));
  ExpectOutput(Single("ReduceMax", {}, {Ints("axes", {1}), Int("keepdims", 0)}, 13), x.amax({1}));
  ExpectOutput(Single("ReduceL2", {Whole({-1})}), x.square().sum({3}, true).sqrt());
  ExpectOutput(Single("ReduceSum", {}, {Int("noop_with_empty_axes", 1)}, 13), x);
  EXPECT_THAT(Single("ReduceMean").Refusal(), HasSubstr("across the images"));
  EXPECT_THAT(Single("ReduceMean", {Whole({0})}).Refusal(), HasSubstr("across the images"));
  EXPECT_THAT(Single("ReduceMean", {Whole({1, -3})}).Refusal(), HasSubstr("twice"));

  const auto exponentials = [](const torch::Tensor& of, const Sizes& dims) {
    return of.exp() / of.exp().sum(dims, true);
  };
  ExpectOutput(Single("Softmax"), exponentials(x, {3}));
  ExpectOutput(Single("Softmax", {}, {Int("axis", 1)}), exponentials(x, {1}));
  // Before opset 13: over all dimensions from the axis on, by default 1.
  ExpectOutput(Single("Softmax", {}, {}, 12), exponentials(x, {1, 2, 3}));
  ExpectOutput(Single("Softmax", {}, {Int("axis", 2)}, 11), exponentials(x, {2, 3}));
}

TEST(OnnxOperatorsTest, Slices) {
  const torch::Tensor x = OnnxModel().x;
  ExpectOutput(Single("Slice", {},
                      {Ints("starts", {1, -4}), Ints("ends", {3, 99}), Ints("axes", {1, 3})}, 9),
               x.slice(1, 1, 3).slice(3, 2, 6));
  ExpectOutput(Single("Slice", {Whole({0, 1}), Whole({99, -1}), Whole({0, 2}), Whole({1, 2})}),
               x.slice(2, 1, 5, 2));
  EXPECT_THAT(Single("Slice", {Whole({3}), Whole({0}), Whole({3}), Whole({-1})}).Refusal(),
              HasSubstr("a negative step"));
  EXPECT_THAT(Single("Slice", {Whole({3}), Whole({3}), Whole({3})}).Refusal(),
              HasSubstr("leaves nothing"));
  EXPECT_THAT(Single("Slice", {Whole({0}), Whole({1}), Whole({0})}).Refusal(),
              HasSubstr("across the images"));
  ExpectOutput(Single("Gather", {torch::scalar_tensor(-2, torch::kInt64)}, {Int("axis", 1)}),
               x.select(1, 2));
  ExpectOutput(Single("Gather", {Whole({1, 3})}, {Int("axis", 1)}), x.slice(1, 1, 4, 2));
  EXPECT_THAT(Single("Gather", {Whole({3, 1})}, {Int("axis", 1)}).Refusal(),
              HasSubstr("one step between them"));
  EXPECT_THAT(Single("Gather", {Whole({4})}, {Int("axis", 1)}).Refusal(), HasSubstr("outside"));
}

TEST(OnnxOperatorsTest, Splits) {
  const torch::Tensor x = OnnxModel().x;
  const auto swapped = [](const std::string& split, int64_t axis, int64_t opset,
                          const torch::Tensor& sizes = {}) {
    OnnxModel model;
    model.nodes = {split, Call("Concat", {"b", "a"}, {"y"}, {Int("axis", axis)})};
    if (sizes.defined()) model.constants = {{"sizes", sizes}};
    model.opset = opset;
    return model;
  };
  const auto parts = [&](int64_t dim, int64_t first) {
    return torch::cat({x.slice(dim, first), x.slice(dim, 0, first)}, dim);
  };
  ExpectOutput(swapped(Call("Split", {"x"}, {"a", "b"}, {Int("axis", 1)}), 1, 11), parts(1, 2));
  ExpectOutput(
      swapped(Call("Split", {"x"}, {"a", "b"}, {Int("axis", 1), Ints("split", {1, 3})}), 1, 11),
      parts(1, 1));
  ExpectOutput(
      swapped(Call("Split", {"x", "sizes"}, {"a", "b"}, {Int("axis", -1)}), 3, 13, Whole({5, 1})),
      parts(3, 5));
  ExpectOutput(
      swapped(Call("Split", {"x"}, {"a", "b"}, {Int("axis", 2), Int("num_outputs", 2)}), 2, 18),
      parts(2, 3));
  EXPECT_THAT(
      swapped(Call("Split", {"x", "sizes"}, {"a", "b"}, {Int("axis", 1)}), 1, 13, Whole({3, 2}))
          .Refusal(),
      HasSubstr("its parts do not fit"));
  OnnxModel sequence;
  sequence.constants = {{"size", torch::scalar_tensor(3, torch::kInt64)},
                        {"zero", torch::scalar_tensor(0, torch::kInt64)},
                        {"one", torch::scalar_tensor(-1, torch::kInt64)}};
  sequence.nodes = {Call("SplitToSequence", {"x", "size"}, {"s"}, {Int("axis", 1)}),
                    Call("SequenceAt", {"s", "zero"}, {"a"}),
                    Call("SequenceAt", {"s", "one"}, {"b"}),
                    Call("Concat", {"b", "a"}, {"y"}, {Int("axis", 1)})};
  ExpectOutput(sequence, parts(1, 3));
}

TEST(OnnxOperatorsTest, Shapes) {
  const torch::Tensor x = OnnxModel().x;
  ExpectOutput(Single("Flatten"), x.flatten(1));
  EXPECT_THAT(Single("Flatten", {}, {Int("axis", 2)}).Refusal(), HasSubstr("between images"));
  ExpectOutput(Single("Reshape", {Whole({0, -1, 3})}), x.reshape({2, 48, 3}));
  EXPECT_THAT(Single("Reshape", {Whole({-1, 3})}).Refusal(), HasSubstr("between images"));
  EXPECT_THAT(Single("Reshape", {Whole({-1, -1})}).Refusal(), HasSubstr("several free sizes"));
  ExpectOutput(Single("Transpose", {}, {Ints("perm", {0, 2, -1, 1})}), x.permute({0, 2, 3, 1}));
  EXPECT_THAT(Single("Transpose").Refusal(), HasSubstr("moves values between images"));
  ExpectOutput(Single("Unsqueeze", {Whole({1, -1})}), x.unsqueeze(1).unsqueeze(-1));
  ExpectOutput(Single("Unsqueeze", {}, {Ints("axes", {2})}, 11), x.unsqueeze(2));
  OnnxModel model;
  model.x = OnnxNumbers({2, 1, 1, 5});
  model.nodes = {Call("Squeeze", {"x"}, {"y"}, {Ints("axes", {2})})};
  model.opset = 11;
  ExpectOutput(model, model.x.squeeze(2));
  model.nodes = {Call("Squeeze", {"x"}, {"y"})};
  ExpectOutput(model, model.x.view({2, 5}));
  model.nodes = {Call("Expand", {"x", "s"}, {"y"})};
  model.constants = {{"s", Whole({3, 4, 1})}};
  ExpectOutput(model, model.x.expand({2, 3, 4, 5}));
}

TEST(OnnxOperatorsTest, Pads) {
  const torch::Tensor x = OnnxModel().x;
  const Sizes pads = {0, 0, 1, 2, 0, 0, 3, 0};
  const Sizes as_torch = {2, 0, 1, 3};
  ExpectOutput(Single("Pad", {}, {Ints("pads", pads), Float("value", 0.5f)}, 10),
               torch::constant_pad_nd(x, as_torch, 0.5));
  ExpectOutput(Single("Pad", {Whole(pads), Scalar(0.5)}), torch::constant_pad_nd(x, as_torch, 0.5));
  ExpectOutput(Single("Pad", {Whole({1, 3}), {}, Whole({2})}),
               torch::constant_pad_nd(x, {0, 0, 1, 3}));
  ExpectOutput(Single("Pad", {Whole({0, 2, 0, 0, 0, 1, 0, 0})}),
               torch::constant_pad_nd(x, {0, 0, 0, 0, 2, 1}));
  ExpectOutput(Single("Pad", {Whole({0, 0, -1, 0, 0, 0, 0, -2})}), x.slice(2, 1).slice(3, 0, 4));
  ExpectOutput(Single("Pad", {Whole(pads)}, {Text("mode", "reflect")}),
               torch::reflection_pad2d(x, as_torch));
  ExpectOutput(Single("Pad", {Whole(pads)}, {Text("mode", "edge")}),
               torch::replication_pad2d(x, as_torch));
  EXPECT_THAT(Single("Pad", {Whole(pads)}, {Text("mode", "wrap")}).Refusal(),
              HasSubstr("mode 'wrap' is not supported"));
  EXPECT_THAT(Single("Pad", {Whole({1, 0, 0, 0, 0, 0, 0, 0})}).Refusal(),
              HasSubstr("adds images to the batch"));
}

TEST(OnnxOperatorsTest, DepthAndSpace) {
  const torch::Tensor x = OnnxModel().x;
  ExpectOutput(Single("DepthToSpace", {}, {Int("blocksize", 2), Text("mode", "CRD")}),
               torch::pixel_shuffle(x, 2));
  // Channel b·(c of 1) goes to row b / 2 and column b mod 2 of each block.
  torch::Tensor space = torch::empty({2, 1, 12, 12});
  for (int64_t b = 0; b < 4; ++b) {
    space.slice(2, b / 2, 12, 2).slice(3, b % 2, 12, 2).copy_(x.slice(1, b, b + 1));
  }
  ExpectOutput(Single("DepthToSpace", {}, {Int("blocksize", 2)}), space);
  torch::Tensor depth = torch::empty({2, 16, 3, 3});
  for (int64_t b = 0; b < 4; ++b) {
    depth.slice(1, 4 * b, 4 * b + 4).copy_(x.slice(2, b / 2, 6, 2).slice(3, b % 2, 6, 2));
  }
  ExpectOutput(Single("SpaceToDepth", {}, {Int("blocksize", 2)}), depth);
  EXPECT_THAT(Single("DepthToSpace", {}, {Int("blocksize", 3)}).Refusal(), HasSubstr("do not fit"));
}

TEST(OnnxOperatorsTest, ResizesThatPyTorchHas) {
  const torch::Tensor x = OnnxModel().x;
  const torch::Tensor twice = torch::tensor({1.f, 1.f, 2.f, 2.f});
  const auto resize = [](const torch::Tensor& scales, const Sizes& sizes,
                         const std::vector<std::string>& attributes, int64_t opset = 20) {
    return Single("Resize", {{}, scales, sizes.empty() ? torch::Tensor() : Whole(sizes)},
                  attributes, opset);
  };
  const Sizes odd = {2, 4, 8, 15};
  const std::string asymmetric = Text("coordinate_transformation_mode", "asymmetric");
  const std::string floor = Text("nearest_mode", "floor");
  const torch::Tensor nearest = torch::upsample_nearest2d(x, {12, 12});
  ExpectOutput(resize(twice, {}, {asymmetric, floor}), nearest);
  ExpectOutput(resize(twice, {}, {}), nearest);  // half_pixel, round_prefer_floor: the same
  ExpectOutput(Single("Resize", {twice}, {}, 10), nearest);
  ExpectOutput(Single("Upsample", {twice}, {}, 9), nearest);
  ExpectOutput(resize({}, odd, {asymmetric, floor}), torch::upsample_nearest2d(x, {8, 15}));
  const std::string linear = Text("mode", "linear");
  ExpectOutput(resize({}, odd, {linear}), torch::upsample_bilinear2d(x, {8, 15}, false));
  ExpectOutput(
      resize({}, odd, {linear, Text("coordinate_transformation_mode", "pytorch_half_pixel")}),
      torch::upsample_bilinear2d(x, {8, 15}, false));
  ExpectOutput(resize({}, odd, {linear, Text("coordinate_transformation_mode", "align_corners")}),
               torch::upsample_bilinear2d(x, {8, 15}, true));
  ExpectOutput(resize({}, {2, 4, 6, 6}, {Text("mode", "cubic")}), x);  // changes nothing

  EXPECT_THAT(resize({}, odd, {}).Refusal(), HasSubstr("are not those of PyTorch"));
  EXPECT_THAT(resize({}, odd, {linear, asymmetric}).Refusal(),
              HasSubstr("are not those of PyTorch"));
  EXPECT_THAT(resize(torch::tensor({1.f, 1.f, 1.3f, 1.3f}), {}, {asymmetric, floor}).Refusal(),
              HasSubstr("are not those of PyTorch"));
  EXPECT_THAT(resize({}, odd, {Text("mode", "cubic")}).Refusal(), HasSubstr("'cubic'"));
  EXPECT_THAT(resize({}, {2, 8, 6, 6}, {}).Refusal(), HasSubstr("more than height and width"));
  EXPECT_THAT(resize({}, {2, 4, 6, int64_t{1} << 40}, {}).Refusal(), HasSubstr("impossible size"));
}

}  // namespace
}  // namespace zerosweep
