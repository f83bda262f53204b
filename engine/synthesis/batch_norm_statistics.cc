#include "engine/synthesis/batch_norm_statistics.h"

#include <torch/csrc/autograd/custom_function.h>

#include "base/error.h"

namespace zerosweep {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

// Mean and biased variance by batch norm's own kernel, which is vectorised over channels where
// var_mean goes through all values one by one. Backward: ∂μ/∂x = 1/n, ∂v/∂x = 2(x − μ)/n.
class BatchMoments : public torch::autograd::Function<BatchMoments> {
 public:
  static tensor_list forward(AutogradContext* context, const torch::Tensor& x) {
    auto [mean, variance] = at::batch_norm_update_stats(x, /*running_mean=*/{}, /*running_var=*/{},
                                                        /*momentum=*/0);
    context->save_for_backward({x, mean});
    return {mean, variance};
  }

  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const tensor_list saved = context->get_saved_variables();
    const torch::Tensor& x = saved[0];
    const torch::Tensor& mean = saved[1];
    const auto n = static_cast<double>(x.numel() / mean.numel());
    const torch::Tensor slope = gradients[1] * (2 / n);
    const torch::Tensor offset = gradients[0] / n - slope * mean;
    const std::vector<int64_t> channels = {1, -1, 1, 1};
    return {torch::addcmul(offset.view(channels), x, slope.view(channels))};
  }
};

}  // namespace

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
  const tensor_list moments = BatchMoments::apply(x);
  return {moments[0], moments[1]};
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
    const std::function<void(const Node&, const torch::Tensor&)>& visit, Taps taps) {
  RequireBatchNorms(graph, method);
  taps.on_input = [&](int node, const torch::Tensor& input) {
    const Node& reader = graph.nodes[static_cast<size_t>(node)];
    if (reader.op == Op::kBatchNorm) visit(reader, input);
  };
  return Run(graph, x, taps);
}

}  // namespace zerosweep
