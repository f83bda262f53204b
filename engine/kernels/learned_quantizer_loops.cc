#include "engine/kernels/learned_quantizer_loops.h"

#include <ATen/Parallel.h>

#include <cmath>

#include "engine/kernels/chunks.h"
#include "engine/kernels/clones.h"

namespace zerosweep {
namespace {

struct Range {
  float step, low, high;
};

Range RangeOf(const LearnedCall& call) {
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
ZEROSWEEP_INLINE float Backward(const BackwardCall& call) {
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
    return clamp_first ? Backward<false, true>(call) : Backward<false, false>(call);
  }
  return clamp_first ? Backward<true, true>(call) : Backward<true, false>(call);
}

bool OnePass(const LearnedCall& call) {
  return call.x.is_cpu() && call.x.scalar_type() == torch::kFloat32 &&
         call.x.is_non_overlapping_and_dense() &&
         (!call.keep.defined() || call.keep.strides() == call.x.strides());
}

const uint8_t* KeepOf(const LearnedCall& call) {
  return call.keep.defined() ? call.keep.const_data_ptr<uint8_t>() : nullptr;
}

}  // namespace

torch::Tensor LearnedForward(const LearnedCall& call) {
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

std::pair<torch::Tensor, torch::Tensor> LearnedBackward(const LearnedCall& call,
                                                        const torch::Tensor& gradient) {
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

}  // namespace zerosweep
