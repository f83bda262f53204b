#include "engine/export/onnx_operators.h"

#include <map>
#include <utility>

#include "base/error.h"

namespace zerosweep {
namespace {

using Names = std::vector<std::string>;
using Ints = std::vector<int64_t>;
using Write = Names (*)(const WrittenNode&);

double Real(const WrittenNode& at, const char* name) {
  return at.node.attributes.at(name).get<double>();
}
int64_t Whole(const WrittenNode& at, const char* name) {
  return at.node.attributes.at(name).get<int64_t>();
}
Ints List(const WrittenNode& at, const char* name) {
  return at.node.attributes.at(name).get<Ints>();
}

[[noreturn]] void Refuse(const WrittenNode& at, const std::string& why) {
  Fail(ErrorKind::kUsage, "'{}' ({}) cannot be written as ONNX: {}", at.node.name,
       ToString(at.node.op), why);
}

Names One(const WrittenNode& at, const std::string& op, const Names& inputs,
          const OnnxGraph::Attributes& attributes = {}) {
  return at.onnx.Node(op, at.node.name, inputs, attributes);
}

std::string Scalar(const WrittenNode& at, const char* what, double value) {
  return at.onnx.Constant(at.node.name + "." + what, torch::tensor(static_cast<float>(value)));
}
std::string Numbers(const WrittenNode& at, const char* what, const Ints& numbers) {
  return at.onnx.Constant(at.node.name + "." + what, numbers);
}

// 0 stands for the batch.
std::string Reshaped(const WrittenNode& at, const std::string& x, const char* what, Ints shape) {
  shape.insert(shape.begin(), 0);
  const std::string name = at.node.name + "." + what;
  return at.onnx.One("Reshape", name, {x, at.onnx.Constant(name + ".shape", shape)});
}
std::string Transposed(const WrittenNode& at, const std::string& x, const Ints& dims) {
  return at.onnx.One("Transpose", at.node.name + ".transposed", {x}, {{"perm", dims}});
}

Names Limits(const WrittenNode& at) {
  const auto bound = [&](const char* name) {
    return at.node.attributes.contains(name) ? Scalar(at, name, Real(at, name)) : std::string();
  };
  return One(at, "Clip", {at.inputs[0], bound("min"), bound("max")});
}

Names Relu6(const WrittenNode& at) {
  return One(at, "Clip", {at.inputs[0], Scalar(at, "min", 0), Scalar(at, "max", 6)});
}
Names LeakyRelu(const WrittenNode& at) {
  return One(at, "LeakyRelu", at.inputs, {{"alpha", Real(at, "slope")}});
}
Names PRelu(const WrittenNode& at) {
  torch::Tensor slope = at.node.parameters.at("weight");
  if (slope.numel() > 1) {
    Ints shape(at.input_shape.size(), 1);
    shape[0] = slope.numel();
    slope = slope.reshape(shape);
  }
  return One(at, "PRelu", {at.inputs[0], at.onnx.Constant(at.node.name + ".slope", slope)});
}
Names Elu(const WrittenNode& at) {
  return One(at, "Elu", at.inputs, {{"alpha", Real(at, "alpha")}});
}
Names HardSigmoid(const WrittenNode& at) {
  return One(at, "HardSigmoid", at.inputs,
             {{"alpha", Real(at, "slope")}, {"beta", Real(at, "offset")}});
}
Names Silu(const WrittenNode& at) {
  const std::string gate = at.onnx.One("Sigmoid", at.node.name + ".gate", at.inputs);
  return One(at, "Mul", {at.inputs[0], gate});
}
Names Gelu(const WrittenNode& at) {
  const bool tanh = at.node.attributes.value("tanh", false);
  return One(at, "Gelu", at.inputs, {{"approximate", std::string(tanh ? "tanh" : "none")}});
}
Names ByConstant(const WrittenNode& at) {
  const std::string other =
      at.onnx.Constant(at.node.name + ".other", at.node.parameters.at("other"));
  return One(at, at.node.op == Op::kOffset ? "Add" : "Mul", {at.inputs[0], other});
}
Names Add(const WrittenNode& at) { return One(at, "Add", at.inputs); }
Names Sub(const WrittenNode& at) { return One(at, "Sub", at.inputs); }
Names Pow(const WrittenNode& at) {
  return One(at, "Pow", {at.inputs[0], Scalar(at, "exponent", Real(at, "exponent"))});
}

Names BatchNorm(const WrittenNode& at) {
  Names inputs = at.inputs;
  for (const char* name : {"weight", "bias", "running_mean", "running_var"})
    inputs.push_back(at.onnx.Constant(at.node.name + "." + name, at.node.parameters.at(name)));
  return One(at, "BatchNormalization", inputs, {{"epsilon", Real(at, "eps")}});
}

Names Concat(const WrittenNode& at) {
  return One(at, "Concat", at.inputs, {{"axis", at.node.attributes.value("dim", int64_t{1})}});
}
Names Split(const WrittenNode& at) {
  int64_t axis = 1;
  Ints sizes;
  if (at.node.op == Op::kChunk) {
    const auto parts = static_cast<size_t>(Whole(at, "chunks"));
    sizes.assign(parts, at.input_shape[0] / static_cast<int64_t>(parts));
  } else {
    sizes = List(at, "sizes");
    axis = Whole(at, "dim");
  }
  return at.onnx.Node("Split", at.node.name, {at.inputs[0], Numbers(at, "sizes", sizes)},
                      {{"axis", axis}}, sizes.size());
}
std::string Sliced(const WrittenNode& at, const std::string& x, const Ints& axes,
                   const Ints& starts, const Ints& ends, const Ints& steps) {
  return at.onnx.One("Slice", at.node.name,
                     {x, Numbers(at, "starts", starts), Numbers(at, "ends", ends),
                      Numbers(at, "axes", axes), Numbers(at, "steps", steps)});
}
Names Slice(const WrittenNode& at) {
  return {Sliced(at, at.inputs[0], {Whole(at, "dim")}, {Whole(at, "start")}, {Whole(at, "end")},
                 {Whole(at, "step")})};
}
Names ShuffleChannels(const WrittenNode& at) {
  const int64_t groups = Whole(at, "groups");
  const Ints& shape = at.input_shape;
  const std::string split =
      Reshaped(at, at.inputs[0], "split", {groups, shape[0] / groups, shape[1], shape[2]});
  return {Reshaped(at, Transposed(at, split, {0, 2, 1, 3, 4}), "joined", shape)};
}
Names Flatten(const WrittenNode& at) {
  return One(at, "Flatten", at.inputs, {{"axis", int64_t{1}}});
}
Names Reshape(const WrittenNode& at) {
  return {Reshaped(at, at.inputs[0], "reshaped", at.output_shape)};
}
Names Permute(const WrittenNode& at) {
  return One(at, "Transpose", at.inputs, {{"perm", List(at, "dims")}});
}
Names PixelShuffle(const WrittenNode& at) {
  return One(at, "DepthToSpace", at.inputs,
             {{"blocksize", Whole(at, "factor")}, {"mode", std::string("CRD")}});
}
// ONNX's SpaceToDepth orders channels otherwise.
Names PixelUnshuffle(const WrittenNode& at) {
  const int64_t r = Whole(at, "factor");
  const Ints& s = at.input_shape;
  const std::string split = Reshaped(at, at.inputs[0], "split", {s[0], s[1] / r, r, s[2] / r, r});
  return {Reshaped(at, Transposed(at, split, {0, 1, 3, 5, 2, 4}), "joined", at.output_shape)};
}
Names Resize(const WrittenNode& at, OnnxGraph::Attributes attributes) {
  attributes["axes"] = Ints{2, 3};
  return One(at, "Resize", {at.inputs[0], "", "", Numbers(at, "sizes", List(at, "size"))},
             attributes);
}
// Runtimes divide by the factor, PyTorch multiplies by its inverse: these differ for some factors
// that are no whole numbers.
Names UpsampleNearest(const WrittenNode& at) {
  for (const size_t side : {1, 2})
    if (at.output_shape[side] % at.input_shape[side] != 0)
      Refuse(at, fmt::format("from {} to {} pixels is no whole factor, and runtimes choose other "
                             "pixels than PyTorch there",
                             at.input_shape[side], at.output_shape[side]));
  return Resize(at, {{"mode", std::string("nearest")},
                     {"coordinate_transformation_mode", std::string("asymmetric")},
                     {"nearest_mode", std::string("floor")}});
}
Names UpsampleLinear(const WrittenNode& at) {
  const bool corners = at.node.attributes.value("align_corners", false);
  return Resize(at, {{"mode", std::string("linear")},
                     {"coordinate_transformation_mode",
                      std::string(corners ? "align_corners" : "half_pixel")}});
}
// From PyTorch's order (last dimension first, begin and end in turn) to ONNX's.
Names Pad(const WrittenNode& at) {
  const Ints given = List(at, "pads");
  const size_t rank = at.input_shape.size() + 1;
  Ints pads(2 * rank, 0);
  for (size_t i = 0; i < given.size() / 2; ++i) {
    pads[rank - 1 - i] = given[2 * i];
    pads[2 * rank - 1 - i] = given[2 * i + 1];
  }
  const auto mode = at.node.attributes.value("mode", std::string("constant"));
  const std::map<std::string, std::string> modes = {{"constant", "constant"},
                                                    {"reflect", "reflect"},
                                                    {"replicate", "edge"},
                                                    {"circular", "wrap"}};
  Names inputs = {at.inputs[0], Numbers(at, "pads", pads)};
  if (mode == "constant")
    inputs.push_back(Scalar(at, "value", at.node.attributes.value("value", 0.0)));
  return One(at, "Pad", inputs, {{"mode", modes.at(mode)}});
}
// Each pixel becomes the first of a square of zeros; those behind the last pixels are cut off.
Names InsertZeros(const WrittenNode& at) {
  const Ints stride = Pair(at.node, "stride", 1);
  const Ints& s = at.input_shape;
  const std::string split = Reshaped(at, at.inputs[0], "split", {s[0], s[1], 1, s[2], 1});
  const Ints pads = {0, 0, 0, 0, 0, 0, 0, 0, 0, stride[0] - 1, 0, stride[1] - 1};
  const std::string padded =
      at.onnx.One("Pad", at.node.name + ".padded", {split, Numbers(at, "pads", pads)});
  const std::string joined =
      Reshaped(at, padded, "joined", {s[0], s[1] * stride[0], s[2] * stride[1]});
  return {Sliced(at, joined, {2, 3}, {0, 0}, {at.output_shape[1], at.output_shape[2]}, {1, 1})};
}
Names ShortcutA(const WrittenNode& at) {
  const int64_t stride = Whole(at, "stride");
  const std::string sampled = Sliced(at, at.inputs[0], {2, 3}, {0, 0},
                                     {at.input_shape[1], at.input_shape[2]}, {stride, stride});
  const Ints pads = {0, Whole(at, "pad_before"), 0, 0, 0, Whole(at, "pad_after"), 0, 0};
  return One(at, "Pad", {sampled, Numbers(at, "pads", pads)});
}

Names Pool(const WrittenNode& at) {
  const Ints kernel = Pair(at.node, "kernel", 1);
  const Ints stride = at.node.attributes.contains("stride") ? Pair(at.node, "stride", 1) : kernel;
  OnnxGraph::Attributes attributes = WindowAttributes(at.node, kernel, stride);
  attributes["ceil_mode"] = int64_t{at.node.attributes.value("ceil_mode", false)};
  if (at.node.op == Op::kMaxPool) return One(at, "MaxPool", at.inputs, attributes);
  attributes.erase("dilations");
  attributes["count_include_pad"] = int64_t{at.node.attributes.value("count_include_pad", true)};
  return One(at, "AveragePool", at.inputs, attributes);
}
Names GlobalAvgPool(const WrittenNode& at) { return One(at, "GlobalAveragePool", at.inputs); }
Names AdaptiveAvgPool(const WrittenNode& at) {
  const Ints &in = at.input_shape, &out = at.output_shape;
  if (out[1] == 1 && out[2] == 1) return GlobalAvgPool(at);
  if (in[1] % out[1] != 0 || in[2] % out[2] != 0)
    Refuse(at, fmt::format("its windows differ, from {} × {} to {} × {}", in[1], in[2], out[1],
                           out[2]));
  const Ints window = {in[1] / out[1], in[2] / out[2]};
  return One(at, "AveragePool", at.inputs, {{"kernel_shape", window}, {"strides", window}});
}
Names Reduction(const WrittenNode& at) {
  const char* op = at.node.op == Op::kMean  ? "ReduceMean"
                   : at.node.op == Op::kSum ? "ReduceSum"
                                            : "ReduceMax";
  return One(at, op, {at.inputs[0], Numbers(at, "axes", List(at, "dims"))},
             {{"keepdims", int64_t{at.node.attributes.value("keepdim", false)}}});
}
Names Softmax(const WrittenNode& at) {
  return One(at, at.node.op == Op::kSoftmax ? "Softmax" : "LogSoftmax", at.inputs,
             {{"axis", Whole(at, "dim")}});
}
Names LayerNorm(const WrittenNode& at) {
  const Ints shape = List(at, "shape");
  const auto parameter = [&](const char* name, double otherwise) {
    const torch::Tensor found = Parameter(at.node, name);
    return at.onnx.Constant(at.node.name + "." + name,
                            found.defined() ? found : torch::full(shape, otherwise));
  };
  return One(at, "LayerNormalization", {at.inputs[0], parameter("weight", 1), parameter("bias", 0)},
             {{"axis", -static_cast<int64_t>(shape.size())}, {"epsilon", Real(at, "eps")}});
}

// Operators that Operator::onnx does not name.
const std::map<Op, Write>& Writers() {
  static const std::map<Op, Write> writers = {
      {Op::kRelu6, Relu6},
      {Op::kLeakyRelu, LeakyRelu},
      {Op::kPRelu, PRelu},
      {Op::kElu, Elu},
      {Op::kClip, Limits},
      {Op::kHardSigmoid, HardSigmoid},
      {Op::kSilu, Silu},
      {Op::kGelu, Gelu},
      {Op::kBatchNorm, BatchNorm},
      {Op::kAdd, Add},
      {Op::kBroadcastAdd, Add},
      {Op::kSub, Sub},
      {Op::kOffset, ByConstant},
      {Op::kScale, ByConstant},
      {Op::kPow, Pow},
      {Op::kConcat, Concat},
      {Op::kChunk, Split},
      {Op::kSplit, Split},
      {Op::kSlice, Slice},
      {Op::kChannelShuffle, ShuffleChannels},
      {Op::kFlatten, Flatten},
      {Op::kReshape, Reshape},
      {Op::kPermute, Permute},
      {Op::kPixelShuffle, PixelShuffle},
      {Op::kPixelUnshuffle, PixelUnshuffle},
      {Op::kUpsampleNearest, UpsampleNearest},
      {Op::kUpsampleLinear, UpsampleLinear},
      {Op::kPad, Pad},
      {Op::kInsertZeros, InsertZeros},
      {Op::kShortcutA, ShortcutA},
      {Op::kMaxPool, Pool},
      {Op::kAvgPool, Pool},
      {Op::kAdaptiveAvgPool, AdaptiveAvgPool},
      {Op::kMean, Reduction},
      {Op::kSum, Reduction},
      {Op::kMax, Reduction},
      {Op::kSoftmax, Softmax},
      {Op::kLogSoftmax, Softmax},
      {Op::kLayerNorm, LayerNorm},
  };
  return writers;
}

}  // namespace

std::vector<std::string> WriteOperator(const WrittenNode& written) {
  if (const char* plain = Describe(written.node.op).onnx)
    return written.onnx.Node(plain, written.node.name, written.inputs);
  return Writers().at(written.node.op)(written);
}

OnnxGraph::Attributes WindowAttributes(const Node& node, const std::vector<int64_t>& kernel,
                                       const std::vector<int64_t>& stride) {
  const Ints padding = Pair(node, "padding", 0);
  return {{"kernel_shape", kernel},
          {"strides", stride},
          {"pads", Ints{padding[0], padding[1], padding[0], padding[1]}},
          {"dilations", Pair(node, "dilation", 1)}};
}

}  // namespace zerosweep
