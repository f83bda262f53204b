#include "engine/kernels/learned_quantizer.h"

#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <optional>

#include "engine/kernels/learned_quantizer_loops.h"

namespace zerosweep {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

struct Quantizer : Function<Quantizer> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x,
                               const torch::Tensor& step, int64_t zero_point, int64_t bits,
                               bool clamp_first, const std::optional<torch::Tensor>& keep) {
    context->save_for_backward({x, step, keep.value_or(torch::Tensor())});
    context->saved_data["zero_point"] = zero_point;
    context->saved_data["bits"] = bits;
    context->saved_data["clamp_first"] = clamp_first;
    return LearnedForward({x, step, keep.value_or(torch::Tensor()), zero_point, bits, clamp_first});
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const LearnedCall call{saved[0],
                           saved[1],
                           saved[2],
                           context->saved_data["zero_point"].toInt(),
                           context->saved_data["bits"].toInt(),
                           context->saved_data["clamp_first"].toBool()};
    auto [for_x, for_step] = LearnedBackward(call, gradients[0]);
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
