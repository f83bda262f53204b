// Layers: convolutions, linear layers, norms, pools, attention.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/import/pt2/pt2_call.h"

namespace zerosweep {
namespace {

using Values = std::vector<DraftValue>;
using Ints = std::vector<int64_t>;

constexpr const char* kTrains = "it is in training mode: call model.eval() before exporting";

// The numbers of a convolution's argument for height and width; one of a single dimension is for
// the width, next to a height of 1.
IntPair PairFor(const Pt2Call& call, const char* name, bool flat, int64_t otherwise) {
  IntPair pair = call.Two(name, {otherwise, otherwise});
  if (flat) pair[0] = otherwise;
  return pair;
}

// The padding of a convolution: numbers, "valid" or "same".
std::array<int64_t, 4> PadsOf(const Pt2Call& call, const DraftWindow& window,
                              const torch::Tensor& weight, const std::string& word, bool flat) {
  if (word == "valid") return {};
  if (word != "same") {
    const IntPair pair = PairFor(call, "padding", flat, 0);
    return {pair[0], pair[1], pair[0], pair[1]};
  }
  std::array<int64_t, 4> pads{};
  for (size_t i = 0; i < 2; ++i) {
    const int64_t total = window.dilation[i] * (weight.size(2 + static_cast<int64_t>(i)) - 1);
    pads[i] = total / 2;
    pads[i + 2] = total - total / 2;
  }
  return pads;
}

Values Convolve(const Pt2Call& call, bool transposed, const std::string& padding) {
  const DraftValue input = call.Tensor("input");
  torch::Tensor weight = call.Parameter("weight");
  const int64_t rank = input.tensor.dim();
  if (weight.dim() != rank || rank < 3 || rank > 4)
    call.Refuse(fmt::format("it convolves {} dimensions; only images, of 4, are supported", rank));
  const bool flat = rank == 3;
  if (flat) weight = weight.unsqueeze(2);
  const auto raised = [&](const DraftValue& x) {
    Ints shape = x.tensor.sizes().vec();
    shape.insert(shape.end() - 1, 1);
    return call.Reshape(x, shape);
  };
  DraftWindow window{.stride = PairFor(call, "stride", flat, 1),
                     .dilation = PairFor(call, "dilation", flat, 1)};
  window.pads = PadsOf(call, window, weight, padding, flat);
  const DraftValue x = flat ? raised(input) : input;
  const torch::Tensor bias = call.Parameter("bias");
  const int64_t groups = call.Int("groups", 1);
  const DraftValue y =
      transposed
          ? call.draft().TransposedConvolution(call.at(), x, weight, bias, window,
                                               PairFor(call, "output_padding", flat, 0), groups)
          : call.draft().Convolution(call.at(), x, weight, bias, window, groups);
  if (!flat) return {y};
  Ints shape = y.tensor.sizes().vec();
  shape.erase(shape.end() - 2);
  return {call.Reshape(y, shape)};
}

// conv2d.default and conv2d.padding
Values Conv(const Pt2Call& call) {
  const bool word = call.at().op.ends_with(".padding");
  return Convolve(call, false, word ? call.Text("padding", "valid") : "");
}

Values ConvTranspose(const Pt2Call& call) { return Convolve(call, true, ""); }

Values Convolution(const Pt2Call& call) { return Convolve(call, call.Flag("transposed"), ""); }

DraftValue LinearOf(const Pt2Call& call, const DraftValue& x, const torch::Tensor& weight,
                    const torch::Tensor& bias) {
  if (weight.dim() != 2 || (bias.defined() && bias.dim() != 1))
    call.Refuse("its weight is no matrix, or its bias no vector");
  ParameterMap parameters = {{"weight", weight}};
  if (bias.defined()) parameters["bias"] = bias;
  return call.Apply(Op::kLinear, {x}, {}, std::move(parameters));
}

Values LinearLayer(const Pt2Call& call) {
  return {LinearOf(call, call.Tensor("input"), call.Parameter("weight"), call.Parameter("bias"))};
}

DraftValue Scaled(const Pt2Call& call, const DraftValue& x, double factor) {
  if (factor == 1) return x;
  return call.Apply(Op::kMul, {x, GraphDraft::Constant(torch::tensor(factor, torch::kFloat64))});
}

DraftValue Product(const Pt2Call& call, const DraftValue& a, const DraftValue& b) {
  if (!a.constant() && b.constant() && b.tensor.dim() == 2)
    return LinearOf(call, a, b.tensor.t(), {});
  return call.Apply(Op::kMatMul, {a, b});
}

Values MatMul(const Pt2Call& call) {
  return {Product(call, call.Tensor("self"), call.Tensor(call.Has("other") ? "other" : "mat2"))};
}

// beta · self + alpha · mat1 · mat2
Values AddMatMul(const Pt2Call& call) {
  const bool batched = call.Has("batch1");
  const DraftValue a = call.Tensor(batched ? "batch1" : "mat1"),
                   b = call.Tensor(batched ? "batch2" : "mat2"), added = call.Tensor("self");
  const double alpha = call.Real("alpha", 1), beta = call.Real("beta", 1);
  if (alpha == 1 && beta == 1 && b.constant() && b.tensor.dim() == 2 && added.constant() &&
      added.tensor.dim() == 1 && !a.constant())
    return {LinearOf(call, a, b.tensor.t(), added.tensor)};
  const DraftValue product = Scaled(call, Product(call, a, b), alpha);
  if (beta == 0) return {product};
  return {call.Apply(Op::kBroadcastAdd, {product, Scaled(call, added, beta)})};
}

// A batch norm of constants, as networks that standardise their weights have it.
Values NormOfConstants(const Pt2Call& call, const DraftValue& x, bool training) {
  const auto wide = [&](const char* name) {
    const torch::Tensor given = call.Parameter(name);
    return given.defined() ? given.to(torch::kFloat64) : given;
  };
  return {GraphDraft::Constant(
      torch::batch_norm(x.tensor.to(torch::kFloat64), wide("weight"), wide("bias"),
                        training ? torch::Tensor() : wide("running_mean"),
                        training ? torch::Tensor() : wide("running_var"), training, /*momentum=*/0,
                        call.Real("eps", 1e-5), /*cudnn_enabled=*/false))};
}

Values BatchNorm(const Pt2Call& call) {
  const DraftValue x = call.Tensor("input");
  const bool training = !call.at().op.ends_with("no_training.default") &&
                        (call.Flag("training") || !call.Has("running_mean"));
  if (x.constant()) return NormOfConstants(call, x, training);
  if (training || !call.Has("running_var")) call.Refuse(kTrains);
  ParameterMap parameters = {{"running_mean", call.Parameter("running_mean")},
                             {"running_var", call.Parameter("running_var")}};
  for (const char* name : {"weight", "bias"})
    if (call.Has(name)) parameters[name] = call.Parameter(name);
  const DraftValue y =
      call.Apply(Op::kBatchNorm, {x}, {{"eps", call.Real("eps", 1e-5)}}, std::move(parameters));
  return {y};
}

// weight · x + bias, with one of each for every channel.
DraftValue PerChannel(const Pt2Call& call, DraftValue x) {
  Ints shape(static_cast<size_t>(x.tensor.dim()) - 1, 1);
  shape[0] = -1;
  if (call.Has("weight"))
    x = call.Apply(Op::kMul, {x, GraphDraft::Constant(call.Parameter("weight").reshape(shape))});
  if (call.Has("bias"))
    x = call.Apply(Op::kAdd, {x, GraphDraft::Constant(call.Parameter("bias").reshape(shape))});
  return x;
}

// Every group of channels of an image is normalised over all its pixels.
Values NormOfGroups(const Pt2Call& call, int64_t groups) {
  const DraftValue x = call.Tensor("input");
  const Ints shape = x.tensor.sizes().vec();
  if (shape.size() < 3 || groups < 1 || shape[1] % groups != 0)
    call.Refuse(fmt::format("it has {} groups of channels", groups));
  const DraftValue rows = call.Reshape(x, {shape[0], groups, -1});
  const DraftValue normed =
      call.Apply(Op::kLayerNorm, {rows},
                 {{"shape", Ints{rows.tensor.size(2)}}, {"eps", call.Real("eps", 1e-5)}});
  return {PerChannel(call, call.Reshape(normed, shape))};
}

Values GroupNorm(const Pt2Call& call) {
  return NormOfGroups(call, call.Int(call.Has("num_groups") ? "num_groups" : "group"));
}

Values InstanceNorm(const Pt2Call& call) {
  if (!call.Flag("use_input_stats")) return BatchNorm(call);
  return NormOfGroups(call, call.Tensor("input").tensor.size(1));
}

Values LayerNorm(const Pt2Call& call) {
  ParameterMap parameters;
  for (const char* name : {"weight", "bias"})
    if (call.Has(name)) parameters[name] = call.Parameter(name);
  return {call.Apply(Op::kLayerNorm, {call.Tensor("input")},
                     {{"shape", call.Ints("normalized_shape")}, {"eps", call.Real("eps", 1e-5)}},
                     std::move(parameters))};
}

Values Pool(const Pt2Call& call, Op op) {
  if (call.Has("divisor_override")) call.Refuse("divisor_override is not supported");
  const IntPair kernel = call.Two("kernel_size", {1, 1});
  const IntPair padding = call.Two("padding", {0, 0});
  const DraftWindow window{.stride = call.Two("stride", kernel),
                           .dilation = call.Two("dilation", {1, 1}),
                           .pads = {padding[0], padding[1], padding[0], padding[1]}};
  return {call.draft().Pool(call.at(), op, call.Tensor("self"), kernel, window,
                            call.Flag("ceil_mode", false), call.Flag("count_include_pad", true))};
}

Values MaxPool(const Pt2Call& call) { return Pool(call, Op::kMaxPool); }
Values AvgPool(const Pt2Call& call) { return Pool(call, Op::kAvgPool); }

Values AdaptiveAvgPool(const Pt2Call& call) {
  const DraftValue x = call.Tensor("self");
  const IntPair size = call.Two("output_size", {1, 1});
  if (x.tensor.dim() != 4) {
    if (size != IntPair{1, 1}) call.Refuse("only pools of images are supported");
    return {call.Apply(Op::kMean, {x}, {{"dims", Ints{-1}}, {"keepdim", true}})};
  }
  call.CheckSize({x.tensor.size(0), x.tensor.size(1), size[0], size[1]});
  return {call.Apply(Op::kAdaptiveAvgPool, {x}, {{"size", Ints{size[0], size[1]}}})};
}

Values AdaptiveMaxPool(const Pt2Call& call) {
  const DraftValue x = call.Tensor("self");
  const IntPair size = call.Two("output_size", {1, 1});
  if (x.tensor.dim() != 4 || size != IntPair{1, 1})
    call.Refuse("only the largest of a whole map is supported");
  return {call.Apply(Op::kMax, {x}, {{"dims", Ints{2, 3}}, {"keepdim", true}})};
}

// softmax(query · keyᵀ · scale) · value
Values Attention(const Pt2Call& call) {
  const DraftValue query = call.Tensor("query"), key = call.Tensor("key");
  if (call.Real("dropout_p", 0) != 0) call.Refuse(kTrains);
  if (call.Flag("is_causal", false) || call.Flag("enable_gqa", false))
    call.Refuse("causal and grouped attention are not supported");
  const int64_t rank = key.tensor.dim();
  if (rank < 2) call.Refuse("its key has less than two dimensions");
  Ints dims(static_cast<size_t>(rank));
  for (size_t i = 0; i < dims.size(); ++i) dims[i] = static_cast<int64_t>(i);
  std::swap(dims[dims.size() - 1], dims[dims.size() - 2]);
  const double width = static_cast<double>(query.tensor.size(-1));
  DraftValue scores = Scaled(
      call, call.Apply(Op::kMatMul, {query, call.Apply(Op::kPermute, {key}, {{"dims", dims}})}),
      call.Real("scale", 1 / std::sqrt(width)));
  if (call.Has("attn_mask")) {
    const DraftValue mask = call.Tensor("attn_mask");
    if (mask.tensor.scalar_type() == torch::kBool) call.Refuse("a mask of bools is not supported");
    scores = call.Apply(Op::kBroadcastAdd, {scores, mask});
  }
  return {call.Apply(Op::kMatMul,
                     {call.Apply(Op::kSoftmax, {scores}, {{"dim", -1}}), call.Tensor("value")})};
}

}  // namespace

Pt2Handlers Pt2Layers() {
  return {
      {"conv1d", Conv},
      {"conv2d", Conv},
      {"conv_transpose1d", ConvTranspose},
      {"conv_transpose2d", ConvTranspose},
      {"convolution", Convolution},
      {"_convolution", Convolution},
      {"linear", LinearLayer},
      {"matmul", MatMul},
      {"mm", MatMul},
      {"bmm", MatMul},
      {"addmm", AddMatMul},
      {"baddbmm", AddMatMul},
      {"batch_norm", BatchNorm},
      {"native_batch_norm", BatchNorm},
      {"_native_batch_norm_legit", BatchNorm},
      {"_native_batch_norm_legit_functional", BatchNorm},
      {"_native_batch_norm_legit_no_training", BatchNorm},
      {"group_norm", GroupNorm},
      {"native_group_norm", GroupNorm},
      {"instance_norm", InstanceNorm},
      {"layer_norm", LayerNorm},
      {"native_layer_norm", LayerNorm},
      {"max_pool2d", MaxPool},
      {"max_pool2d_with_indices", MaxPool},
      {"avg_pool2d", AvgPool},
      {"adaptive_avg_pool1d", AdaptiveAvgPool},
      {"adaptive_avg_pool2d", AdaptiveAvgPool},
      {"_adaptive_avg_pool2d", AdaptiveAvgPool},
      {"adaptive_max_pool2d", AdaptiveMaxPool},
      {"scaled_dot_product_attention", Attention},
  };
}

}  // namespace zerosweep
