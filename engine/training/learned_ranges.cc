#include "engine/training/learned_ranges.h"

#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

namespace zerosweep {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

double HighestCode(int bits, bool is_signed) { return std::exp2(is_signed ? bits - 1 : bits) - 1; }

// Sums a gradient over the dimensions that broadcasting expanded, down to the parameter's shape.
torch::Tensor SumTo(const torch::Tensor& gradient, const torch::Tensor& parameter) {
  if (parameter.dim() == 0) return gradient.sum();
  return gradient.flatten(1).sum(1);
}

struct LsqFunction : Function<LsqFunction> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x,
                               const torch::Tensor& step, int64_t bits, bool is_signed,
                               double share) {
    const torch::Tensor quantized =
        FakeQuantize(x, LsqGrid(step, static_cast<int>(bits), is_signed));
    context->save_for_backward({x, step, quantized});
    context->saved_data["bits"] = bits;
    context->saved_data["is_signed"] = is_signed;
    context->saved_data["share"] = share;
    return quantized;
  }

  static variable_list backward(AutogradContext* context, const variable_list& upstream) {
    const variable_list saved = context->get_saved_variables();
    const torch::Tensor &x = saved[0], &step = saved[1], &quantized = saved[2];
    const bool is_signed = context->saved_data["is_signed"].toBool();
    const int bits = static_cast<int>(context->saved_data["bits"].toInt());
    const double high = HighestCode(bits, is_signed), low = is_signed ? -high - 1 : 0;
    const torch::Tensor size = AlongChannels(step.abs(), x);
    const torch::Tensor inside = (x >= low * size).logical_and(x <= high * size);
    const torch::Tensor code = torch::where(inside, quantized - x, quantized) / size;
    const double values = static_cast<double>(x.numel()) / static_cast<double>(step.numel()) /
                          context->saved_data["share"].toDouble();
    const torch::Tensor for_step =
        SumTo(upstream[0] * code, step) * step.sign() / std::sqrt(values * high);
    return {upstream[0] * inside, for_step, {}, {}, {}};
  }
};

struct PactFunction : Function<PactFunction> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x,
                               const torch::Tensor& alpha, int64_t bits) {
    context->save_for_backward({x, alpha});
    return FakeQuantize(x, PactGrid(alpha, static_cast<int>(bits)));
  }

  static variable_list backward(AutogradContext* context, const variable_list& upstream) {
    const variable_list saved = context->get_saved_variables();
    const torch::Tensor &x = saved[0], &alpha = saved[1];
    const torch::Tensor above = x >= alpha;
    return {
        upstream[0] * (x > 0).logical_and(above.logical_not()), (upstream[0] * above).sum(), {}};
  }
};

}  // namespace

UniformGrid LsqGrid(const torch::Tensor& step, int bits, bool is_signed) {
  const torch::NoGradGuard no_grad;
  // Stored codes begin at −2^(k−1).
  const double zero = is_signed ? 0 : std::exp2(bits - 1);
  return {bits, 1 / step.abs().clamp_min(1e-8), torch::full_like(step, zero)};
}

torch::Tensor LsqQuantize(const torch::Tensor& x, const torch::Tensor& step, int bits,
                          bool is_signed, double share) {
  if (bits == kPassThroughBits) return x;
  return LsqFunction::apply(x, step, int64_t{bits}, is_signed, share);
}

torch::Tensor LsqInitialStep(const torch::Tensor& mean_magnitude, int bits, bool is_signed) {
  const torch::NoGradGuard no_grad;
  return (2 * mean_magnitude / std::sqrt(HighestCode(bits, is_signed))).clamp_min(1e-8);
}

UniformGrid DoReFaGrid(const torch::Tensor& weight, int bits) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor most = weight.tanh().abs().max().clamp_min(1e-8).expand({weight.size(0)});
  // Levels lie half a step off 0: −M is the first and M the last.
  return {bits, ((1 << bits) - 1) / (2 * most), torch::full_like(most, 0.5)};
}

UniformGrid PactGrid(const torch::Tensor& alpha, int bits) {
  const torch::NoGradGuard no_grad;
  return MakeUniformGrid(torch::zeros_like(alpha), alpha.detach(), bits);
}

torch::Tensor PactQuantize(const torch::Tensor& x, const torch::Tensor& alpha, int bits) {
  if (bits == kPassThroughBits) return x;
  return PactFunction::apply(x, alpha, int64_t{bits});
}

}  // namespace zerosweep
