#include "engine/kernels/soft_rounding.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

namespace zerosweep {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

// Returns w̃ and, with b, the loss.
struct RoundingFunction : torch::autograd::Function<RoundingFunction> {
  static tensor_list forward(AutogradContext* context, const torch::Tensor& v,
                             const torch::Tensor& step, const RoundingGrid& grid,
                             std::optional<double> b) {
    const int64_t rows = v.size(0), each = v.numel() / rows;
    const torch::Tensor weight = at::empty_like(v), slope = at::empty_like(v),
                        pull = b ? at::empty_like(v) : torch::Tensor(),
                        losses = at::zeros({b ? rows : 0}, torch::kFloat64);
    const torch::Tensor steps = step.contiguous(), zeros = grid.zero_point.contiguous();
    at::parallel_for(0, rows, 1, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const auto at = [&](const torch::Tensor& of) {
          return of.defined() ? of.mutable_data_ptr<float>() + row * each : nullptr;
        };
        const double loss = RoundRow({.v = at(v),
                                      .base = at(grid.base),
                                      .weight = at(weight),
                                      .slope = at(slope),
                                      .pull = at(pull),
                                      .count = each,
                                      .step = steps.const_data_ptr<float>()[row],
                                      .zero_point = zeros.const_data_ptr<float>()[row],
                                      .top = static_cast<float>(grid.most),
                                      .b = static_cast<float>(b.value_or(0))});
        if (b) losses.mutable_data_ptr<double>()[row] = loss;
      }
    });
    context->save_for_backward({slope, pull, weight, steps});
    context->set_materialize_grads(false);
    if (!b) return {weight};
    return {weight, losses.sum().to(torch::kFloat32)};
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& upstream) {
    const tensor_list saved = context->get_saved_variables();
    const torch::Tensor &slope = saved[0], &pull = saved[1], &weight = saved[2], &steps = saved[3];
    const torch::Tensor g =
        upstream[0].defined() ? at::empty_like(slope).copy_(upstream[0]) : at::zeros_like(slope);
    const bool pulled = pull.defined() && upstream.size() > 1 && upstream[1].defined();
    const float factor = pulled ? upstream[1].item<float>() : 0;
    const int64_t rows = slope.size(0), each = slope.numel() / rows;
    const torch::Tensor for_v = at::empty_like(slope), for_step = at::empty_like(steps);
    at::parallel_for(0, rows, 1, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const auto at = [&](const torch::Tensor& of) {
          return of.mutable_data_ptr<float>() + row * each;
        };
        const float sum = RoundRowBack({.g = at(g),
                                        .slope = at(slope),
                                        .pull = pulled ? at(pull) : nullptr,
                                        .weight = at(weight),
                                        .for_v = at(for_v),
                                        .count = each,
                                        .factor = factor});
        for_step.mutable_data_ptr<float>()[row] = sum / steps.const_data_ptr<float>()[row];
      }
    });
    return {for_v, for_step, {}, {}};
  }
};

SoftRounding ByOperators(const RoundingGrid& grid, const torch::Tensor& v,
                         const torch::Tensor& step, std::optional<double> b) {
  const torch::Tensor h = torch::clamp(torch::sigmoid(v) * (kZeta - kGamma) + kGamma, 0, 1);
  const torch::Tensor q = torch::clamp(grid.base + h + grid.zero_point, 0, grid.most);
  SoftRounding rounding = {step * (q - grid.zero_point), {}};
  if (b) rounding.loss = (1 - (2 * h - 1).abs().pow(*b)).sum();
  return rounding;
}

}  // namespace

SoftRounding RoundSoftly(const RoundingGrid& grid, const torch::Tensor& v,
                         const torch::Tensor& step, std::optional<double> b) {
  const bool one_pass = v.is_cpu() && v.scalar_type() == torch::kFloat32 &&
                        v.is_non_overlapping_and_dense() && v.strides() == grid.base.strides() &&
                        v.stride(0) * v.size(0) == v.numel();
  if (!one_pass) return ByOperators(grid, v, step, b);
  const tensor_list results = RoundingFunction::apply(v, step, grid, b);
  return {results[0], b ? results[1] : torch::Tensor()};
}

}  // namespace zerosweep
