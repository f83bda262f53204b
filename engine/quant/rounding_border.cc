#include "engine/quant/rounding_border.h"

#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <optional>

namespace zerosweep {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

constexpr double kHighestBorder = 0.999;

double Levels(int64_t bits) { return static_cast<double>((int64_t{1} << bits) - 1); }

// The quantities that both passes need: u, t, 1/2 + b0 + b1·t + b2·t², and the code before
// clipping.
struct Rounding {
  Rounding(const torch::Tensor& x, const torch::Tensor& step, const torch::Tensor& border,
           int64_t zero_point, int64_t bits)
      : low(-static_cast<double>(zero_point)), high(Levels(bits) + low), ratio(x / step) {
    std::vector<int64_t> along_rows(static_cast<size_t>(x.dim()), 1);
    along_rows[1] = border.size(1);
    const auto row = [&](int64_t i) { return border[i].view(along_rows); };
    share = ratio / Levels(bits);
    quadratic = (share * row(2)).add_(row(1)).mul_(share).add_(row(0)).add_(0.5);
    code = torch::ceil(ratio - quadratic.clamp(0, kHighestBorder));
  }

  double low, high;  // of q
  torch::Tensor ratio, share, quadratic, code;
};

struct Quantizer : Function<Quantizer> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x,
                               const torch::Tensor& step, const torch::Tensor& border,
                               int64_t zero_point, int64_t bits,
                               const std::optional<torch::Tensor>& keep) {
    context->save_for_backward({x, step, border, keep.value_or(torch::Tensor())});
    context->saved_data["zero_point"] = zero_point;
    context->saved_data["bits"] = bits;
    Rounding rounding(x, step, border, zero_point, bits);
    const torch::Tensor y = rounding.code.clamp_(rounding.low, rounding.high).mul_(step);
    return keep ? torch::where(keep->to(torch::kBool), y, x) : y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const torch::Tensor &x = saved[0], &step = saved[1], &border = saved[2], &keep = saved[3];
    const int64_t bits = context->saved_data["bits"].toInt();
    const Rounding rounding(x, step, border, context->saved_data["zero_point"].toInt(), bits);
    const torch::Tensor inside =
        torch::logical_and(rounding.code >= rounding.low, rounding.code <= rounding.high);
    torch::Tensor reached = gradients[0];  // the gradient that reaches quantized values
    torch::Tensor passes = inside;
    if (keep.defined()) {
      const torch::Tensor kept = keep.to(torch::kBool);
      reached = reached * kept.to(reached.scalar_type());
      passes = torch::logical_or(inside, ~kept);
    }
    const torch::Tensor clipped = rounding.code.clamp(rounding.low, rounding.high);
    const torch::Tensor for_step =
        (reached * torch::where(inside, clipped - rounding.ratio, clipped)).sum() /
        std::sqrt(static_cast<double>(x.numel()) * Levels(bits));
    const torch::Tensor moves = inside.logical_and(rounding.quadratic >= 0)
                                    .logical_and(rounding.quadratic <= kHighestBorder);
    torch::Tensor for_row = -step * reached * moves.to(reached.scalar_type());
    std::vector<int64_t> others;
    for (int64_t d = 0; d < x.dim(); ++d)
      if (d != 1) others.push_back(d);
    std::vector<torch::Tensor> for_border;
    for (int power = 0; power < 3; ++power) {
      if (power > 0) for_row = for_row * rounding.share;
      for_border.push_back(for_row.sum(others));
    }
    return {
        gradients[0] * passes.to(x.scalar_type()), for_step, torch::stack(for_border), {}, {}, {}};
  }
};

// Σ over outputs (and, for kChannel, kernel positions) of a·b, by row.
torch::Tensor SumOverOutputs(const torch::Tensor& a, const torch::Tensor& b, int64_t groups,
                             BorderRows rows) {
  // groups × outputs per group × inputs per group × kernel positions
  const auto split = [&](const torch::Tensor& w) {
    return w.to(torch::kFloat64).reshape({groups, w.size(0) / groups, w.size(1), -1});
  };
  const torch::Tensor sums = (split(a) * split(b)).sum(1);
  return (rows == BorderRows::kChannel ? sums.sum(2) : sums).flatten();
}

}  // namespace

torch::Tensor BorderQuantize(const torch::Tensor& x, const torch::Tensor& step,
                             const torch::Tensor& border, int zero_point, int bits,
                             const torch::Tensor& keep) {
  return Quantizer::apply(x, step, border, int64_t{zero_point}, int64_t{bits},
                          keep.defined() ? std::optional(keep) : std::nullopt);
}

torch::Tensor ClosedFormBorder(const std::vector<BorderReader>& readers, BorderRows rows,
                               int bits) {
  torch::Tensor both, own;  // ⟨Ŵ, W⟩, ⟨Ŵ, Ŵ⟩
  for (const BorderReader& reader : readers) {
    const torch::Tensor b = SumOverOutputs(reader.rounded, reader.weight, reader.groups, rows);
    const torch::Tensor o = SumOverOutputs(reader.rounded, reader.rounded, reader.groups, rows);
    both = both.defined() ? both + b : b;
    own = own.defined() ? own + o : o;
  }
  // Where every rounded weight is 0, the activation has no effect.
  const torch::Tensor ratio = torch::where(own > 0, both / own, torch::ones_like(own));
  torch::Tensor border = torch::zeros({3, ratio.size(0)}, ratio.options());
  border[1] = (1 - ratio) * Levels(bits);
  return border.to(torch::kFloat32);
}

}  // namespace zerosweep
