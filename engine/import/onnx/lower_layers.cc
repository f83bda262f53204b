// Operators with weights, pools and norms.
#include <algorithm>
#include <optional>

#include "engine/import/onnx/lowerings.h"

namespace zerosweep {
namespace {

using Sizes = std::vector<int64_t>;

constexpr int64_t kMostWindow = int64_t{1} << 20;  // of strides, pads and kernels

// A list for the two dimensions of an image, or for the one of a row, which is an image of height 1.
IntPair PairOf(const OnnxCall& call, const char* name, int64_t fallback) {
  auto given = call.Ints(name);
  if (!given) return {fallback, fallback};
  if (call.In(0).tensor.dim() == 3 && given->size() == 1) given->insert(given->begin(), 1);
  if (given->size() != 2) {
    call.Refuse("its {} are of {} dimensions; images have 2", name, given->size());
  }
  for (const int64_t size : *given)
    if (size < 0 || size > kMostWindow) call.Refuse("its {} are impossible", name);
  return {given->at(0), given->at(1)};
}

// The window of an operator whose kernel has that size.
DraftWindow WindowOf(const OnnxCall& call, const DraftValue& x, const IntPair& kernel,
                     bool transposed = false) {
  DraftWindow window{.stride = PairOf(call, "strides", 1),
                     .dilation = PairOf(call, "dilations", 1)};
  if (x.tensor.dim() != 4) {
    call.Refuse("it reads {} dimensions; only images, of 4, are supported", x.tensor.dim());
  }
  if (std::min(window.stride[0], window.stride[1]) < 1) call.Refuse("its strides are impossible");
  auto pads = call.Ints("pads");
  const std::string automatic = call.Text("auto_pad", "NOTSET");
  if (automatic == "NOTSET") {
    if (!pads) return window;
    if (call.In(0).tensor.dim() == 3 && pads->size() == 2) {
      pads = Sizes{0, pads->at(0), 0, pads->at(1)};
    }
    if (pads->size() != 4) call.Refuse("its pads are not those of an image");
    for (size_t i = 0; i < 4; ++i) {
      if (pads->at(i) < -kMostWindow || pads->at(i) > kMostWindow) {
        call.Refuse("its pads are impossible");
      }
      window.pads[i] = pads->at(i);
    }
    return window;
  }
  if (automatic == "VALID") return window;
  const bool upper = automatic == "SAME_UPPER";
  if (transposed || (!upper && automatic != "SAME_LOWER")) {
    call.Refuse("auto_pad {} is not supported", automatic);
  }
  // As many windows as strides fit; an odd pad goes to the end (upper) or to the beginning.
  for (size_t i = 0; i < 2; ++i) {
    const int64_t size = x.tensor.size(2 + static_cast<int64_t>(i)), stride = window.stride[i];
    const int64_t windows = (size + stride - 1) / stride;
    const int64_t reach = window.dilation[i] * (kernel[i] - 1) + 1;
    const int64_t total = std::max<int64_t>(0, (windows - 1) * stride + reach - size);
    window.pads[i] = upper ? total / 2 : total - total / 2;
    window.pads[i + 2] = total - window.pads[i];
  }
  return window;
}

// A bias that an exporter put where the module has none is left out.
torch::Tensor BiasOf(const OnnxCall& call, size_t input) {
  if (!call.Has(input)) return {};
  const torch::Tensor& bias = call.Constant(input, "bias");
  const std::string& name = call.node().inputs[input];
  const bool made_up = !name.ends_with("bias") && !bias.count_nonzero().item<int64_t>();
  return made_up ? torch::Tensor() : bias;
}

IntPair KernelOf(const OnnxCall& call, const torch::Tensor& weight) {
  if (weight.dim() != 4) {
    call.Refuse("its weight has {} dimensions; only images, of 4, are supported", weight.dim());
  }
  const IntPair kernel = {weight.size(2), weight.size(3)};
  auto given = call.Ints("kernel_shape");
  if (call.In(0).tensor.dim() == 3 && given && given->size() == 1) given->insert(given->begin(), 1);
  if (given && *given != Sizes{kernel[0], kernel[1]}) {
    call.Refuse("its kernel_shape is not that of its weight");
  }
  return kernel;
}

DraftValue Conv(const OnnxCall& call) {
  torch::Tensor weight = call.Constant(1, "weight");
  DraftValue x = call.In(0);
  const bool row = x.tensor.dim() == 3 && weight.dim() == 3;
  if (row) {
    const auto sizes = x.tensor.sizes();
    x = call.draft.Reshape(call.at, x, {sizes[0], sizes[1], 1, sizes[2]});
    weight = weight.unsqueeze(2);
  }
  const DraftWindow window = WindowOf(call, x, KernelOf(call, weight));
  const DraftValue y =
      call.draft.Convolution(call.at, x, weight, BiasOf(call, 2), window, call.Int("group", 1));
  if (!row) return y;
  const auto sizes = y.tensor.sizes();
  return call.draft.Reshape(call.at, y, {sizes[0], sizes[1], sizes[3]});
}

DraftValue ConvTranspose(const OnnxCall& call) {
  const torch::Tensor& weight = call.Constant(1, "weight");
  if (call.HasAttribute("output_shape")) call.Refuse("output_shape is not supported: give pads");
  const DraftWindow window = WindowOf(call, call.In(0), KernelOf(call, weight), true);
  return call.draft.TransposedConvolution(call.at, call.In(0), weight, BiasOf(call, 2), window,
                                          PairOf(call, "output_padding", 0), call.Int("group", 1));
}

// alpha·A·B + beta·C
DraftValue Gemm(const OnnxCall& call) {
  const double alpha = call.Float("alpha", 1), beta = call.Float("beta", 1);
  const bool turns_a = call.Int("transA", 0) != 0, turns_b = call.Int("transB", 0) != 0;
  const torch::Tensor& b = call.Constant(1, "matrix");
  if (turns_a || call.In(0).tensor.dim() != 2 || b.dim() != 2) {
    call.Refuse("only products of a row for each image with a constant matrix are supported");
  }
  torch::Tensor weight = turns_b ? b : b.t();
  if (alpha != 1) weight = weight * alpha;
  ParameterMap parameters = {{"weight", weight}};
  const bool constant = !call.Has(2) || call.In(2).constant();
  if (torch::Tensor bias = constant ? BiasOf(call, 2) : torch::Tensor(); bias.defined()) {
    const bool fits =
        bias.numel() == 1 || (bias.dim() >= 1 && bias.dim() <= 2 &&
                              bias.numel() == weight.size(0) && bias.size(-1) == weight.size(0));
    if (!fits) call.Refuse("its C differs between the images of a batch");
    parameters["bias"] = (bias.reshape({-1}).expand({weight.size(0)}) * beta).contiguous();
  }
  const DraftValue y =
      call.draft.Apply(call.at, Op::kLinear, {call.In(0)}, {}, std::move(parameters));
  if (constant) return y;
  if (beta != 1) call.Refuse("its beta is not 1");
  return call.draft.Apply(call.at, Op::kBroadcastAdd, {y, call.In(2)});
}

DraftValue BatchNormalization(const OnnxCall& call) {
  call.Ignore({"momentum", "training_mode"});  // onnx_file.h has refused training mode
  if (call.Int("spatial", 1) != 1) call.Refuse("spatial=0 is not supported");
  const auto& outputs = call.node().outputs;
  if (std::any_of(outputs.begin() + 1, outputs.end(), [](const auto& o) { return !o.empty(); })) {
    call.Refuse("it is in training mode: call model.eval() before torch.onnx.export");
  }
  return call.draft.Apply(call.at, Op::kBatchNorm, {call.In(0)},
                          {{"eps", call.Float("epsilon", 1e-5)}},
                          {{"weight", call.Constant(1, "scale")},
                           {"bias", call.Constant(2, "bias")},
                           {"running_mean", call.Constant(3, "mean")},
                           {"running_var", call.Constant(4, "variance")}});
}

DraftValue LayerNormalization(const OnnxCall& call) {
  call.Ignore({"stash_type"});
  const DraftValue& x = call.In(0);
  const int64_t axis = call.Dimension(call.Int("axis", -1), x.tensor.dim());
  if (axis == 0) call.Refuse("it works across the images of a batch");
  const Sizes shape = x.tensor.sizes().slice(static_cast<size_t>(axis)).vec();
  // Scale and bias are broadcast.
  ParameterMap parameters = {{"weight", call.Constant(1, "scale").expand(shape)}};
  if (call.Has(2)) parameters["bias"] = call.Constant(2, "bias").expand(shape);
  return call.draft.Apply(call.at, Op::kLayerNorm, {x},
                          {{"shape", shape}, {"eps", call.Float("epsilon", 1e-5)}},
                          std::move(parameters));
}

// The norm of each channel of each image by itself.
DraftValue InstanceNormalization(const OnnxCall& call) {
  const DraftValue& x = call.In(0);
  const auto sizes = x.tensor.sizes();
  if (sizes.size() < 3) call.Refuse("it reads {} dimensions", sizes.size());
  const DraftValue rows = call.draft.Reshape(call.at, x, {sizes[0], sizes[1], -1});
  const DraftValue normal =
      call.draft.Apply(call.at, Op::kLayerNorm, {rows},
                       {{"shape", {rows.tensor.size(2)}}, {"eps", call.Float("epsilon", 1e-5)}});
  const DraftValue maps = call.draft.Reshape(call.at, normal, sizes.vec());
  Sizes channels(sizes.size() - 1, 1);
  channels[0] = sizes[1];
  const auto constant = [&](size_t input, const char* what) {
    return GraphDraft::Constant(call.Constant(input, what).reshape(channels));
  };
  const DraftValue scaled = call.draft.Apply(call.at, Op::kMul, {maps, constant(1, "scale")});
  return call.draft.Apply(call.at, Op::kBroadcastAdd, {scaled, constant(2, "bias")});
}

IntPair PoolKernel(const OnnxCall& call) {
  const IntPair kernel = PairOf(call, "kernel_shape", 0);
  if (std::min(kernel[0], kernel[1]) < 1) call.Refuse("its kernel_shape is impossible");
  return kernel;
}

DraftValue MaxPool(const OnnxCall& call) {
  const IntPair kernel = PoolKernel(call);
  if (call.Int("storage_order", 0) != 0) call.Refuse("storage_order 1 is not supported");
  return call.draft.Pool(call.at, Op::kMaxPool, call.In(0), kernel,
                         WindowOf(call, call.In(0), kernel), call.Int("ceil_mode", 0) != 0);
}

DraftValue AveragePool(const OnnxCall& call) {
  const IntPair kernel = PoolKernel(call);
  const DraftWindow window = WindowOf(call, call.In(0), kernel);
  if (window.dilation != IntPair{1, 1}) call.Refuse("dilations are not supported");
  const auto& pads = window.pads;
  const bool ceil_mode = call.Int("ceil_mode", 0) != 0;
  const bool counts_pads = call.Int("count_include_pad", 0) != 0;
  const bool padded = pads != std::array<int64_t, 4>{0, 0, 0, 0};
  const bool plain = pads[0] == pads[2] && pads[1] == pads[3] && 2 * pads[0] <= kernel[0] &&
                     2 * pads[1] <= kernel[1];
  if (!padded || counts_pads || plain || ceil_mode) {
    return call.draft.Pool(call.at, Op::kAvgPool, call.In(0), kernel, window, ceil_mode,
                           counts_pads || !padded);
  }
  // Averages over whole windows, then what each window misses.
  const DraftValue mean =
      call.draft.Pool(call.at, Op::kAvgPool, call.In(0), kernel, window, false, true);
  const torch::Tensor inside = torch::avg_pool2d(
      torch::constant_pad_nd(
          torch::ones({1, 1, call.In(0).tensor.size(2), call.In(0).tensor.size(3)}),
          {pads[1], pads[3], pads[0], pads[2]}),
      kernel, window.stride);
  return call.draft.Apply(call.at, Op::kMul, {mean, GraphDraft::Constant(1 / inside)});
}

DraftValue GlobalMaxPool(const OnnxCall& call) {
  if (call.In(0).tensor.dim() != 4) call.Refuse("only pools of images are supported");
  return call.draft.Apply(call.at, Op::kMax, {call.In(0)}, {{"dims", {2, 3}}, {"keepdim", true}});
}

}  // namespace

const std::vector<LoweringRow>& LayerLowerings() {
  static const std::vector<LoweringRow> rows = {{"Conv", Conv},
                                                {"ConvTranspose", ConvTranspose},
                                                {"Gemm", Gemm},
                                                {"BatchNormalization", BatchNormalization},
                                                {"LayerNormalization", LayerNormalization},
                                                {"InstanceNormalization", InstanceNormalization},
                                                {"MaxPool", MaxPool},
                                                {"AveragePool", AveragePool},
                                                {"GlobalMaxPool", GlobalMaxPool}};
  return rows;
}

}  // namespace zerosweep
