#include "methods/brecq/fisher.h"

#include <vector>

namespace zerosweep {
namespace {

// Returns the output as a leaf that requires a gradient.
torch::Tensor OutputOf(const UnitObjective::Student& student, const torch::Tensor& x) {
  const torch::NoGradGuard no_grad;
  return student(x).detach().set_requires_grad(true);
}

}  // namespace

void FisherWeights::BeginUnit(const Phase& phase, const Unit& unit, const Student& student,
                              UnitCaches& caches) {
  if (phase.lr_rounding == 0) return;
  divergence_.BeginUnit(unit);
  const torch::Tensor all =
      torch::arange(caches.x_q.size(0), caches.x_q.options().dtype(torch::kInt64));
  std::vector<torch::Tensor> gradients;
  for (const torch::Tensor& indices : all.split(batch_)) {
    const torch::Tensor y = OutputOf(student, caches.x_q.index_select(0, indices));
    divergence_.Of(y, indices).backward();
    // Scales gradients to those of a mean over a whole batch, since the last one may be shorter.
    const double part = static_cast<double>(indices.size(0)) / static_cast<double>(batch_);
    gradients.push_back(y.grad().abs() * part);
  }
  caches.weight = (torch::cat(gradients) + damping_).square();
}

}  // namespace zerosweep
