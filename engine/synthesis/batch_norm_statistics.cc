#include "engine/synthesis/batch_norm_statistics.h"

#include <utility>

#include "base/error.h"
#include "engine/parallel/moments.h"

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

BatchStatistics PerBatchStatistics(const torch::Tensor& x, const std::string& where) {
  const int64_t n = x.size(0) * x.size(2) * x.size(3);
  if (n < 2) {
    Fail(ErrorKind::kTrial,
         "{}: one 1×1 map has no unbiased variance; use larger images or batches", where);
  }
  const BatchStatistics biased = BiasedBatchStatistics(x);
  return {biased.mean, biased.variance * (static_cast<double>(n) / static_cast<double>(n - 1))};
}

BatchStatistics BiasedBatchStatistics(const torch::Tensor& x) {
  static SoloGroup alone;  // outlives every autograd graph
  Moments moments = GlobalMoments(alone, {x}).front();
  return {std::move(moments.mean), std::move(moments.variance)};
}

torch::Tensor StdOf(const torch::Tensor& variance) { return torch::sqrt(variance + 1e-6); }

torch::Tensor RunningStd(const Node& batch_norm) {
  return StdOf(batch_norm.parameters.at("running_var"));
}

torch::Tensor PerImageMismatch(const ImageStatistics& images, const torch::Tensor& mean,
                               const torch::Tensor& std) {
  return ((images.mean - mean).square().sum(1) + (StdOf(images.variance) - std).square().sum(1))
      .mean();
}

void RequireBatchNorms(const Graph& graph, const std::string& method) {
  if (graph.BatchNorms().empty()) {
    Fail(ErrorKind::kUsage, "{} matches batch-norm statistics, and this network has no batch norm",
         method);
  }
}

torch::Tensor VisitBatchNormInputs(
    const Graph& graph, const torch::Tensor& x, const std::string& method,
    const std::function<void(const Node&, const torch::Tensor&)>& visit, ForwardHooks hooks) {
  RequireBatchNorms(graph, method);
  hooks.on_input = [&](int node, const torch::Tensor& input) {
    const Node& reader = graph.nodes[static_cast<size_t>(node)];
    if (reader.op == Op::kBatchNorm) visit(reader, input);
  };
  return Run(graph, x, hooks);
}

}  // namespace zerosweep
