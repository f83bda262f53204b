#include "engine/quant/rounding_border.h"

namespace zerosweep {
namespace {

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
  border[1] = (1 - ratio) * static_cast<double>((1 << bits) - 1);
  return border.to(torch::kFloat32);
}

}  // namespace zerosweep
