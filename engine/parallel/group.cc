#include "engine/parallel/group.h"

#include <algorithm>

#include "base/error.h"

namespace zerosweep {

BatchPart Group::PartOf(int64_t batch) const {
  if (batch < size())
    Fail(ErrorKind::kUsage, "{} images cannot be shared by {} ranks", batch, size());
  const int64_t each = batch / size(), more = batch % size();
  const int64_t first = rank() * each + std::min<int64_t>(rank(), more);
  return {first, each + (rank() < more ? 1 : 0)};
}

torch::Tensor PerRankShare(const Group& group, const torch::Tensor& term) {
  return group.size() == 1 ? term : term / group.size();
}

void SumGradients(Group& group, const std::vector<torch::Tensor>& parameters) {
  if (group.size() == 1) return;
  std::vector<torch::Tensor> gradients;
  for (const torch::Tensor& parameter : parameters) {
    torch::Tensor& gradient = parameter.mutable_grad();
    if (!gradient.defined()) gradient = torch::zeros_like(parameter);
    gradients.push_back(gradient);
  }
  group.Reduce(gradients, Group::Reduction::kSum);
}

std::vector<double> SumNumbers(Group& group, std::vector<double> numbers) {
  if (group.size() == 1 || numbers.empty()) return numbers;
  torch::Tensor tensor = torch::tensor(numbers, torch::kFloat64);
  group.Reduce({tensor}, Group::Reduction::kSum);
  const double* values = tensor.const_data_ptr<double>();
  return {values, values + tensor.numel()};
}

}  // namespace zerosweep
