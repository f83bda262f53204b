#include "engine/synthesis/batch_norm_statistics.h"

#include <utility>

#include "base/error.h"
#include "engine/parallel/moments.h"

namespace zerosweep {

ImageStatistics PerImageStatistics(const ImageMoments& moments, const std::string& where) {
  if (moments.values < 2) {
    Fail(ErrorKind::kTrial, "{}: a 1×1 map has no unbiased variance; use larger images", where);
  }
  return {moments.mean, moments.squares / static_cast<double>(moments.values - 1)};
}

BatchStatistics PerBatchStatistics(const ImageMoments& moments, const std::string& where) {
  const int64_t n = moments.mean.size(0) * moments.values;
  if (n < 2) {
    Fail(ErrorKind::kTrial,
         "{}: one 1×1 map has no unbiased variance; use larger images or batches", where);
  }
  const BatchStatistics biased = BiasedBatchStatistics(moments);
  return {biased.mean, biased.variance * (static_cast<double>(n) / static_cast<double>(n - 1))};
}

BatchStatistics BiasedBatchStatistics(const ImageMoments& moments) {
  static SoloGroup alone;  // outlives every autograd graph
  Moments whole = GlobalMoments(alone, {moments}).front();
  return {std::move(whole.mean), std::move(whole.variance)};
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

torch::Tensor VisitBatchNorms(const Graph& graph, const torch::Tensor& x, const std::string& method,
                              const std::function<void(const Node&, const ImageMoments&)>& visit,
                              ForwardHooks hooks) {
  RequireBatchNorms(graph, method);
  hooks.on_moments = [&](int node, const ImageMoments& moments) {
    visit(graph.nodes[node], moments);
  };
  return Run(graph, x, hooks);
}

}  // namespace zerosweep
