#include "methods/brecq/fisher.h"

#include <vector>

namespace zerosweep {

void FisherWeights::BeginUnit(const Phase& phase, const Unit& unit, const Student& student,
                              Caches& caches) {
  if (phase.lr_rounding == 0) return;
  divergence_.BeginUnit(unit);
  const torch::Tensor all =
      torch::arange(caches.x_q.size(0), caches.x_q.options().dtype(torch::kInt64));
  std::vector<torch::Tensor> gradients;
  for (const torch::Tensor& indices : all.split(batch_)) {
    const torch::Tensor y = student(caches.x_q.index_select(0, indices)).detach();
    divergence_.Of(y.requires_grad_(true), indices).backward();
    gradients.push_back(y.grad().abs());
  }
  caches.weight = (torch::cat(gradients) + damping_).square();
}

}  // namespace zerosweep
