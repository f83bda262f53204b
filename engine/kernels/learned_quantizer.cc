#include "engine/kernels/learned_quantizer.h"

#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <optional>
#include <utility>

#include "engine/kernels/chunks.h"
#include "engine/kernels/clones.h"

namespace zerosweep {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

struct Call {
  torch::Tensor x, step, keep;  // keep may be undefined
  int64_t zero_point = 0;
  int64_t bits = 0;
  bool clamp_first = false;

  // Bounds of q − z.
  double low() const { return -static_cast<double>(zero_point); }
  double high() const { return static_cast<double>((int64_t{1} << bits) - 1) + low(); }
};

struct Range {
  float step, low, high;
};

Range RangeOf(const Call& call) {
  return {call.step.item<float>(), static_cast<float>(call.low()), static_cast<float>(call.high())};
}

// `keep` may be null.
ZEROSWEEP_CLONES void ForwardSpan(const float* __restrict x, const uint8_t* __restrict keep,
                                  float* __restrict y, int64_t count, Range range) {
  for (int64_t i = 0; i < count; ++i) {
    float q = std::nearbyint(x[i] / range.step);
    q = q < range.low ? range.low : q;
    q = q > range.high ? range.high : q;
    y[i] = keep == nullptr || keep[i] != 0 ? q * range.step : x[i];
  }
}

// The arguments of one chunk of the backward pass; `keep` may be null.
struct BackwardCall {
  const float* x;
  const uint8_t* keep;
  const float* gradient;
  float* for_x;
  int64_t count;  // at most kChunk
  Range range;
};

template <bool kKeep, bool kClampFirst>
ZEROSWEEP_INLINE float BackwardLoop(const BackwardCall& call) {
  const float* __restrict x = call.x;
  const float* __restrict gradient = call.gradient;
  float* __restrict for_x = call.for_x;
  const Range range = call.range;
  float terms[kChunk];  // of the step's gradient
  for (int64_t i = 0; i < call.count; ++i) {
    const float ratio = x[i] / range.step;
    const float rounded = std::nearbyint(ratio);
    const float tested = kClampFirst ? ratio : rounded;
    const bool inside = tested >= range.low && tested <= range.high;
    const float edge = tested < range.low ? range.low : range.high;
    const bool kept = !kKeep || call.keep[i] != 0;
    for_x[i] = inside || !kept ? gradient[i] : 0.F;
    terms[i] = kept ? gradient[i] * (inside ? rounded - ratio : edge) : 0.F;
  }
  return LaneSum(
      call.count, [&](int64_t i) __attribute__((always_inline)) { return terms[i]; });
}

// Returns the gradient of the step.
ZEROSWEEP_CLONES float BackwardSpan(const BackwardCall& call, bool clamp_first) {
  if (call.keep == nullptr) {
    return clamp_first ? BackwardLoop<false, true>(call) : BackwardLoop<false, false>(call);
  }
  return clamp_first ? BackwardLoop<true, true>(call) : BackwardLoop<true, false>(call);
}

bool OnePass(const Call& call) {
  return call.x.is_cpu() && call.x.scalar_type() == torch::kFloat32 &&
         call.x.is_non_overlapping_and_dense() &&
         (!call.keep.defined() || call.keep.strides() == call.x.strides());
}

const uint8_t* KeepOf(const Call& call) {
  return call.keep.defined() ? call.keep.const_data_ptr<uint8_t>() : nullptr;
}

torch::Tensor Forward(const Call& call) {
  if (OnePass(call)) {
    torch::Tensor y = torch::empty_like(call.x);
    const float* x = call.x.const_data_ptr<float>();
    const uint8_t* keep = KeepOf(call);
    float* to = y.mutable_data_ptr<float>();
    const Range range = RangeOf(call);
    at::parallel_for(0, call.x.numel(), kChunk, [&](int64_t begin, int64_t end) {
      ForwardSpan(x + begin, keep == nullptr ? nullptr : keep + begin, to + begin, end - begin,
                  range);
    });
    return y;
  }
  const double low = call.low(), high = call.high();
  const torch::Tensor y = torch::clamp(torch::round(call.x / call.step), low, high) * call.step;
  return call.keep.defined() ? torch::where(call.keep.to(torch::kBool), y, call.x) : y;
}

// Returns the gradients of x and of the step, the latter without LSQ's factor.
std::pair<torch::Tensor, torch::Tensor> Backward(const Call& call, const torch::Tensor& gradient) {
  if (OnePass(call)) {
    const torch::Tensor same_layout = gradient.strides() == call.x.strides()
                                          ? gradient
                                          : torch::empty_like(call.x).copy_(gradient);
    torch::Tensor for_x = torch::empty_like(call.x);
    const float* x = call.x.const_data_ptr<float>();
    const float* from = same_layout.const_data_ptr<float>();
    const uint8_t* keep = KeepOf(call);
    float* to = for_x.mutable_data_ptr<float>();
    const Range range = RangeOf(call);
    const double sum = SumByChunk(call.x.numel(), [&](int64_t first, int64_t count) {
      return BackwardSpan({.x = x + first,
                           .keep = keep == nullptr ? nullptr : keep + first,
                           .gradient = from + first,
                           .for_x = to + first,
                           .count = count,
                           .range = range},
                          call.clamp_first);
    });
    return {for_x, torch::full({}, sum, call.step.options())};
  }
  const double low = call.low(), high = call.high();
  const torch::Tensor ratio = call.x / call.step;
  const torch::Tensor rounded = torch::round(ratio);
  const torch::Tensor& tested = call.clamp_first ? ratio : rounded;
  const torch::Tensor inside = torch::logical_and(tested >= low, tested <= high);
  torch::Tensor for_step = torch::where(inside, rounded - ratio, torch::clamp(tested, low, high));
  torch::Tensor passes = inside;
  if (call.keep.defined()) {
    const torch::Tensor kept = call.keep.to(torch::kBool);
    passes = torch::logical_or(inside, ~kept);
    for_step = for_step * kept.to(for_step.scalar_type());
  }
  return {gradient * passes.to(gradient.scalar_type()),
          (gradient * for_step).sum().to(call.step.scalar_type())};
}

struct Quantizer : Function<Quantizer> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x,
                               const torch::Tensor& step, int64_t zero_point, int64_t bits,
                               bool clamp_first, const std::optional<torch::Tensor>& keep) {
    context->save_for_backward({x, step, keep.value_or(torch::Tensor())});
    context->saved_data["zero_point"] = zero_point;
    context->saved_data["bits"] = bits;
    context->saved_data["clamp_first"] = clamp_first;
    return Forward({x, step, keep.value_or(torch::Tensor()), zero_point, bits, clamp_first});
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const Call call{saved[0],
                    saved[1],
                    saved[2],
                    context->saved_data["zero_point"].toInt(),
                    context->saved_data["bits"].toInt(),
                    context->saved_data["clamp_first"].toBool()};
    auto [for_x, for_step] = Backward(call, gradients[0]);
    if (!call.clamp_first) {
      const double levels = static_cast<double>((int64_t{1} << call.bits) - 1);
      for_step = for_step / std::sqrt(static_cast<double>(call.x.numel()) * levels);
    }
    return {for_x, for_step, {}, {}, {}, {}};
  }
};

}  // namespace

torch::Tensor LearnedQuantize(const torch::Tensor& x, const torch::Tensor& step, int zero_point,
                              int bits, StepGradient gradient, const torch::Tensor& keep) {
  return Quantizer::apply(x, step, int64_t{zero_point}, int64_t{bits},
                          gradient == StepGradient::kClampThenRound,
                          keep.defined() ? std::optional(keep) : std::nullopt);
}

}  // namespace zerosweep
