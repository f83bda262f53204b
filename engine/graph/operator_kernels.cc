#include "engine/graph/operator_kernels.h"

#include <optional>

#include "engine/graph/graph.h"

namespace zerosweep::kernels {
namespace {

using Lengths = std::vector<int64_t>;

double Real(const Node& node, const char* name) { return node.attributes.at(name).get<double>(); }
int64_t Whole(const Node& node, const char* name) {
  return node.attributes.at(name).get<int64_t>();
}
Lengths List(const Node& node, const char* name) { return node.attributes.at(name).get<Lengths>(); }

std::optional<at::Scalar> Bound(const Node& node, const char* name) {
  if (!node.attributes.contains(name)) return std::nullopt;
  return Real(node, name);
}

bool KeepsDims(const Node& node) { return node.attributes.value("keepdim", false); }

Lengths StrideOf(const Node& pool, const Lengths& kernel) {
  return pool.attributes.contains("stride") ? Pair(pool, "stride", 1) : kernel;
}

}  // namespace

torch::Tensor Relu(const Node&, Tensors& inputs) {
  torch::Tensor& x = inputs[0];
  return Unshared(x) ? x.relu_() : torch::relu(x);
}

torch::Tensor Relu6(const Node&, Tensors& inputs) { return torch::clamp(inputs[0], 0, 6); }

torch::Tensor LeakyRelu(const Node& node, Tensors& inputs) {
  return torch::leaky_relu(inputs[0], Real(node, "slope"));
}

torch::Tensor PRelu(const Node& node, Tensors& inputs) {
  return torch::prelu(inputs[0], node.parameters.at("weight"));
}

torch::Tensor Elu(const Node& node, Tensors& inputs) {
  return torch::elu(inputs[0], Real(node, "alpha"));
}

torch::Tensor Clip(const Node& node, Tensors& inputs) {
  return torch::clamp(inputs[0], Bound(node, "min"), Bound(node, "max"));
}

torch::Tensor Sigmoid(const Node&, Tensors& inputs) { return torch::sigmoid(inputs[0]); }

torch::Tensor HardSigmoid(const Node& node, Tensors& inputs) {
  return torch::clamp(inputs[0] * Real(node, "slope") + Real(node, "offset"), 0, 1);
}

torch::Tensor Silu(const Node&, Tensors& inputs) { return torch::silu(inputs[0]); }

torch::Tensor HardSwish(const Node&, Tensors& inputs) { return torch::hardswish(inputs[0]); }

torch::Tensor Mish(const Node&, Tensors& inputs) { return torch::mish(inputs[0]); }

torch::Tensor Gelu(const Node& node, Tensors& inputs) {
  return torch::gelu(inputs[0], node.attributes.value("tanh", false) ? "tanh" : "none");
}

torch::Tensor Tanh(const Node&, Tensors& inputs) { return torch::tanh(inputs[0]); }

torch::Tensor Softplus(const Node&, Tensors& inputs) { return torch::softplus(inputs[0]); }

torch::Tensor Erf(const Node&, Tensors& inputs) { return torch::erf(inputs[0]); }

torch::Tensor Add(const Node&, Tensors& inputs) {
  torch::Tensor& x = inputs[0];
  return Unshared(x) ? x.add_(inputs[1]) : x + inputs[1];
}

torch::Tensor BroadcastAdd(const Node&, Tensors& inputs) { return inputs[0] + inputs[1]; }
torch::Tensor Sub(const Node&, Tensors& inputs) { return inputs[0] - inputs[1]; }
torch::Tensor Mul(const Node&, Tensors& inputs) { return inputs[0] * inputs[1]; }
torch::Tensor Div(const Node&, Tensors& inputs) { return inputs[0] / inputs[1]; }

torch::Tensor Offset(const Node& node, Tensors& inputs) {
  return inputs[0] + node.parameters.at("other");
}

torch::Tensor Scale(const Node& node, Tensors& inputs) {
  return inputs[0] * node.parameters.at("other");
}

torch::Tensor MatMul(const Node&, Tensors& inputs) { return torch::matmul(inputs[0], inputs[1]); }
torch::Tensor Neg(const Node&, Tensors& inputs) { return -inputs[0]; }
torch::Tensor Abs(const Node&, Tensors& inputs) { return inputs[0].abs(); }
torch::Tensor Exp(const Node&, Tensors& inputs) { return inputs[0].exp(); }
torch::Tensor Sqrt(const Node&, Tensors& inputs) { return inputs[0].sqrt(); }

torch::Tensor Pow(const Node& node, Tensors& inputs) {
  return inputs[0].pow(Real(node, "exponent"));
}

torch::Tensor Concat(const Node& node, Tensors& inputs) {
  return torch::cat(inputs, node.attributes.value("dim", int64_t{1}));
}

torch::Tensor Slice(const Node& node, Tensors& inputs) {
  return inputs[0].slice(Whole(node, "dim"), Whole(node, "start"), Whole(node, "end"),
                         Whole(node, "step"));
}

torch::Tensor ShuffleChannels(const Node& node, Tensors& inputs) {
  const torch::Tensor& x = inputs[0];
  const int64_t groups = Whole(node, "groups");
  return x.unflatten(1, {groups, x.size(1) / groups}).transpose(1, 2).flatten(1, 2);
}

torch::Tensor Flatten(const Node&, Tensors& inputs) { return inputs[0].flatten(1); }

torch::Tensor Reshape(const Node& node, Tensors& inputs) {
  Lengths shape = List(node, "shape");
  shape.insert(shape.begin(), inputs[0].size(0));
  return inputs[0].reshape(shape);
}

torch::Tensor Permute(const Node& node, Tensors& inputs) {
  return inputs[0].permute(List(node, "dims"));
}

torch::Tensor PixelShuffle(const Node& node, Tensors& inputs) {
  return torch::pixel_shuffle(inputs[0], Whole(node, "factor"));
}

torch::Tensor PixelUnshuffle(const Node& node, Tensors& inputs) {
  return torch::pixel_unshuffle(inputs[0], Whole(node, "factor"));
}

torch::Tensor UpsampleNearest(const Node& node, Tensors& inputs) {
  return torch::upsample_nearest2d(inputs[0], List(node, "size"));
}

torch::Tensor UpsampleLinear(const Node& node, Tensors& inputs) {
  return torch::upsample_bilinear2d(inputs[0], List(node, "size"),
                                    node.attributes.value("align_corners", false));
}

torch::Tensor Pad(const Node& node, Tensors& inputs) {
  const auto mode = node.attributes.value("mode", std::string("constant"));
  std::optional<double> value;
  if (mode == "constant") value = node.attributes.value("value", 0.0);
  return torch::pad(inputs[0], List(node, "pads"), mode, value);
}

torch::Tensor InsertZeros(const Node& node, Tensors& inputs) {
  const torch::Tensor& x = inputs[0];
  const Lengths stride = Pair(node, "stride", 1);
  torch::Tensor spread = x.new_zeros(
      {x.size(0), x.size(1), (x.size(2) - 1) * stride[0] + 1, (x.size(3) - 1) * stride[1] + 1});
  spread.slice(2, 0, c10::nullopt, stride[0]).slice(3, 0, c10::nullopt, stride[1]).copy_(x);
  return spread;
}

torch::Tensor ShortcutA(const Node& node, Tensors& inputs) {
  const int64_t stride = Whole(node, "stride");
  const torch::Tensor sampled =
      inputs[0].slice(2, 0, c10::nullopt, stride).slice(3, 0, c10::nullopt, stride);
  return torch::constant_pad_nd(sampled,
                                {0, 0, 0, 0, Whole(node, "pad_before"), Whole(node, "pad_after")});
}

torch::Tensor MaxPool(const Node& node, Tensors& inputs) {
  const Lengths kernel = Pair(node, "kernel", 1);
  return torch::max_pool2d(inputs[0], kernel, StrideOf(node, kernel), Pair(node, "padding", 0),
                           Pair(node, "dilation", 1), node.attributes.value("ceil_mode", false));
}

torch::Tensor AvgPool(const Node& node, Tensors& inputs) {
  const Lengths kernel = Pair(node, "kernel", 1);
  return torch::avg_pool2d(inputs[0], kernel, StrideOf(node, kernel), Pair(node, "padding", 0),
                           node.attributes.value("ceil_mode", false),
                           node.attributes.value("count_include_pad", true));
}

torch::Tensor GlobalAvgPool(const Node&, Tensors& inputs) {
  return inputs[0].mean({2, 3}, /*keepdim=*/true);
}

torch::Tensor AdaptiveAvgPool(const Node& node, Tensors& inputs) {
  return torch::adaptive_avg_pool2d(inputs[0], Pair(node, "size", 1));
}

torch::Tensor Mean(const Node& node, Tensors& inputs) {
  return inputs[0].mean(List(node, "dims"), KeepsDims(node));
}

torch::Tensor Sum(const Node& node, Tensors& inputs) {
  return inputs[0].sum(List(node, "dims"), KeepsDims(node));
}

torch::Tensor Max(const Node& node, Tensors& inputs) {
  return inputs[0].amax(List(node, "dims"), KeepsDims(node));
}

torch::Tensor Softmax(const Node& node, Tensors& inputs) {
  return torch::softmax(inputs[0], Whole(node, "dim"));
}

torch::Tensor LogSoftmax(const Node& node, Tensors& inputs) {
  return torch::log_softmax(inputs[0], Whole(node, "dim"));
}

torch::Tensor LayerNorm(const Node& node, Tensors& inputs) {
  return torch::layer_norm(inputs[0], List(node, "shape"), Parameter(node, "weight"),
                           Parameter(node, "bias"), Real(node, "eps"));
}

}  // namespace zerosweep::kernels
