#include "engine/synthesis/batch_norm_statistics.h"

#include "base/error.h"

namespace zerosweep {

ImageStatistics PerImageStatistics(const torch::Tensor& x, const std::string& where) {
  if (x.size(2) * x.size(3) < 2) {
    Fail(ErrorKind::kTrial, "{}: a {}×{} map has no unbiased variance; use larger images", where,
         x.size(2), x.size(3));
  }
  const auto [variance, mean] =
      torch::var_mean(x, at::IntArrayRef{2, 3}, /*unbiased=*/true, /*keepdim=*/false);
  return {mean, variance};
}

torch::Tensor VisitBatchNormInputs(
    const Graph& graph, const torch::Tensor& x, const std::string& method,
    const std::function<void(const Node&, const torch::Tensor&)>& visit) {
  if (graph.BatchNorms().empty()) {
    Fail(ErrorKind::kUsage, "{} matches batch-norm statistics, and this network has no batch norm",
         method);
  }
  Taps taps;
  taps.on_input = [&](int node, const torch::Tensor& input) {
    const Node& reader = graph.nodes[static_cast<size_t>(node)];
    if (reader.op == Op::kBatchNorm) visit(reader, input);
  };
  return Run(graph, x, taps);
}

}  // namespace zerosweep
