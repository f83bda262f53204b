#include "engine/kernels/batch_norm.h"

#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <utility>
#include <vector>

#include "base/error.h"
#include "engine/kernels/fake_quantizer.h"
#include "engine/kernels/maps.h"

namespace zerosweep {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

// Null for an undefined tensor.
float* Pointer(const torch::Tensor& of, int64_t first = 0) {
  return of.defined() ? of.mutable_data_ptr<float>() + first : nullptr;
}

// y = scale · x + shift, both (C). The arithmetic of PyTorch's batch norm.
struct Line {
  torch::Tensor scale, shift;
};

Line LineOf(const FrozenNorm& norm) {
  const int64_t channels = norm.mean.numel();
  const auto values = [&](const torch::Tensor& of, double otherwise) {
    return of.defined() ? of.contiguous() : torch::full({channels}, otherwise);
  };
  const torch::Tensor weight = values(norm.weight, 1), bias = values(norm.bias, 0),
                      mean = norm.mean.contiguous(), variance = norm.variance.contiguous();
  Line line = {at::empty({channels}), at::empty({channels})};
  for (int64_t c = 0; c < channels; ++c) {
    const float scale =
        1 / std::sqrt(Pointer(variance)[c] + static_cast<float>(norm.epsilon)) * Pointer(weight)[c];
    Pointer(line.scale)[c] = scale;
    Pointer(line.shift)[c] = Pointer(bias)[c] - Pointer(mean)[c] * scale;
  }
  return line;
}

// What the loops make of x: y, unless there is no line, and the moments, if wanted.
struct Call {
  Line line;
  Activation activation = Activation::kNone;
  bool moments = false;
  const FakeGrid* grid = nullptr;
};

// Fills `y`, which may be x, and `codes`, unless it is undefined, and returns the moments.
ImageMoments Forward(const Call& call, const torch::Tensor& x, const torch::Tensor& residual,
                     const torch::Tensor& y, const torch::Tensor& codes = {}) {
  const Maps maps(x);
  ImageMoments moments;
  if (call.moments) {
    moments.mean = at::empty({x.size(0), x.size(1)}, x.options());
    moments.squares = at::empty_like(moments.mean);
    moments.values = maps.shape().pixels;
  }
  maps.ForEach([&](int64_t first, int64_t channel, int64_t pair) {
    std::vector<float> scale, shift;
    if (y.defined()) {
      scale = maps.shape().Along(Pointer(call.line.scale, channel));
      shift = maps.shape().Along(Pointer(call.line.shift, channel));
    }
    Pass(maps.shape(), {.scale = scale.data(), .shift = shift.data()}, call.activation,
         NormForward{.x = x.const_data_ptr<float>() + first,
                     .residual = Pointer(residual, first),
                     .y = Pointer(y, first),
                     .grid = call.grid,
                     .codes = codes.defined() ? codes.mutable_data_ptr<uint8_t>() + first : nullptr,
                     .mean = Pointer(moments.mean, pair),
                     .squares = Pointer(moments.squares, pair)});
  });
  return moments;
}

// Upstream gradients and, of the moments, their values; undefined where there are none.
struct Upstream {
  torch::Tensor y, mean, squares;
};

// Returns the gradients of x and of the residual.
std::pair<torch::Tensor, torch::Tensor> Backward(const Call& call, const torch::Tensor& x,
                                                 const torch::Tensor& residual,
                                                 const torch::Tensor& means,
                                                 const Upstream& upstream) {
  const Maps maps(x);
  const auto ordered = [&](const torch::Tensor& g) { return g.defined() ? maps.Ordered(g) : g; };
  const torch::Tensor g = ordered(upstream.y);
  torch::Tensor for_x = at::empty_like(x), for_residual, slope, offset;
  if (residual.defined()) for_residual = g.defined() ? at::empty_like(x) : at::zeros_like(x);
  if (upstream.mean.defined() || upstream.squares.defined()) {
    slope =
        upstream.squares.defined() ? (upstream.squares * 2).contiguous() : at::zeros_like(means);
    offset = upstream.mean.defined()
                 ? (upstream.mean / static_cast<double>(maps.shape().pixels)).contiguous()
                 : at::zeros_like(means);
  }
  maps.ForEach([&](int64_t first, int64_t channel, int64_t pair) {
    const auto along = [&](const torch::Tensor& of, int64_t at) {
      return of.defined() ? maps.shape().Along(Pointer(of, at)) : std::vector<float>();
    };
    const std::vector<float> scale = along(call.line.scale, channel),
                             shift = along(call.line.shift, channel), slopes = along(slope, pair),
                             offsets = along(offset, pair),
                             mean = slope.defined() ? along(means, pair) : std::vector<float>();
    const auto row = [](const std::vector<float>& of) { return of.empty() ? nullptr : of.data(); };
    Pass(maps.shape(),
         {.scale = row(scale),
          .shift = row(shift),
          .mean = row(mean),
          .slope = row(slopes),
          .offset = row(offsets)},
         call.activation,
         NormBackward{.x = x.const_data_ptr<float>() + first,
                      .residual = Pointer(residual, first),
                      .g = Pointer(g, first),
                      .for_x = Pointer(for_x, first),
                      .for_residual = g.defined() ? Pointer(for_residual, first) : nullptr});
  });
  return {for_x, for_residual};
}

// Returns y, if the call has a line, and the moments, if it wants them.
struct NormFunction : torch::autograd::Function<NormFunction> {
  static tensor_list forward(AutogradContext* context, const torch::Tensor& x,
                             const std::optional<torch::Tensor>& residual, const Call& call) {
    const torch::Tensor added = residual.value_or(torch::Tensor());
    tensor_list results;
    if (call.line.scale.defined()) results.push_back(at::empty_like(x));
    const ImageMoments moments =
        Forward(call, x, added, results.empty() ? torch::Tensor() : results.front());
    if (call.moments) results.insert(results.end(), {moments.mean, moments.squares});
    context->save_for_backward({x, added, call.line.scale, call.line.shift, moments.mean});
    context->saved_data["activation"] = static_cast<int64_t>(call.activation);
    context->set_materialize_grads(false);
    return results;
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& upstream) {
    const tensor_list saved = context->get_saved_variables();
    const bool moments = saved[4].defined();
    const Call call = {{saved[2], saved[3]},
                       static_cast<Activation>(context->saved_data["activation"].toInt()),
                       moments};
    Upstream parts;
    size_t i = 0;
    if (call.line.scale.defined()) parts.y = upstream[i++];
    if (moments) {
      parts.mean = upstream[i++];
      parts.squares = upstream[i];
    }
    auto [for_x, for_residual] = Backward(call, saved[0], saved[1], saved[4], parts);
    return {for_x, for_residual, {}};
  }
};

bool OnePass(const torch::Tensor& x) {
  return x.is_cpu() && x.scalar_type() == torch::kFloat32 && x.dim() == 4;
}

NormResult ByOperators(const FrozenNorm& norm, const torch::Tensor& x,
                       const torch::Tensor& residual, bool with_moments) {
  torch::Tensor y = torch::batch_norm(x, norm.weight, norm.bias, norm.mean, norm.variance,
                                      /*training=*/false, /*momentum=*/0, norm.epsilon,
                                      /*cudnn_enabled=*/true);
  if (residual.defined()) y.add_(residual);
  if (norm.activation == Activation::kRelu) y.relu_();
  if (norm.activation == Activation::kRelu6) y = torch::clamp(y, 0, 6);
  if (norm.grid != nullptr) y = FakeQuantizeTensor(Dense(y), *norm.grid, /*overwrite=*/true);
  return {y, with_moments ? MomentsByImage(x) : ImageMoments()};
}

}  // namespace

NormResult Normalise(const FrozenNorm& norm, const torch::Tensor& x, const torch::Tensor& residual,
                     bool with_moments, bool overwrite) {
  if (residual.defined() && residual.sizes() != x.sizes())
    Fail(ErrorKind::kInternal, "an addition joins tensors of different shapes");
  if (!OnePass(x)) return ByOperators(norm, x, residual, with_moments);
  const torch::Tensor dense = Dense(x);
  const torch::Tensor added =
      residual.defined() ? residual.contiguous(dense.suggest_memory_format()) : residual;
  const Call call = {LineOf(norm), norm.activation, with_moments, norm.grid};
  const bool recorded = torch::GradMode::is_enabled() && norm.grid == nullptr &&
                        (x.requires_grad() || (residual.defined() && residual.requires_grad()));
  if (!recorded) {
    const torch::Tensor y = overwrite ? dense.detach() : at::empty_like(dense);
    const bool coded = norm.grid != nullptr && norm.grid->as_codes;
    const torch::Tensor codes = coded ? at::empty_like(dense, torch::kUInt8) : torch::Tensor();
    ImageMoments moments = Forward(call, dense, added, y, codes);
    return {coded ? codes : y, std::move(moments)};
  }
  const tensor_list results =
      NormFunction::apply(dense, added.defined() ? std::optional(added) : std::nullopt, call);
  if (!with_moments) return {results[0], {}};
  return {results[0], {results[1], results[2], x.size(2) * x.size(3)}};
}

ImageMoments MomentsByImage(const torch::Tensor& x) {
  const int64_t values = x.size(2) * x.size(3);
  if (!OnePass(x)) {
    const auto [variance, mean] = torch::var_mean(x, at::IntArrayRef{2, 3}, /*unbiased=*/false);
    return {mean, variance * static_cast<double>(values), values};
  }
  const tensor_list results = NormFunction::apply(Dense(x), std::optional<torch::Tensor>(),
                                                  Call{{}, Activation::kNone, /*moments=*/true});
  return {results[0], results[1], values};
}

}  // namespace zerosweep
