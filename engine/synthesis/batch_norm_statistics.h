// Statistics of the inputs of a teacher's batch norms, and the running statistics that they should
// match.
#pragma once

#include <functional>
#include <string>

#include "engine/graph/executor.h"

namespace zerosweep {

// Statistics of each image: mean and unbiased variance over H·W, both N×C. Throws kTrial when H·W is
// 1: a single value has no unbiased variance.
struct ImageStatistics {
  torch::Tensor mean, variance;
};
ImageStatistics PerImageStatistics(const ImageMoments& moments, const std::string& where);

// Statistics of the whole batch: mean and variance over N·H·W, both (C). Differentiable once. The
// unbiased variance throws kTrial when N·H·W is 1; the biased one divides by N·H·W.
struct BatchStatistics {
  torch::Tensor mean, variance;
};
BatchStatistics PerBatchStatistics(const ImageMoments& moments, const std::string& where);
BatchStatistics BiasedBatchStatistics(const ImageMoments& moments);

// √(variance + 1e-6), for images and targets alike, as in the released codes of ZeroQ, DSG and
// PD-Quant; GENIE's adds it only to the targets. Not the eps of the batch norms.
torch::Tensor StdOf(const torch::Tensor& variance);
// StdOf of the running variance.
torch::Tensor RunningStd(const Node& batch_norm);

// ‖μ_b − mean‖² + ‖σ_b − std‖², summed over channels, averaged over images (ZeroQ, eq. 3). mean,
// std: (C) or 1.
torch::Tensor PerImageMismatch(const ImageStatistics& images, const torch::Tensor& mean,
                               const torch::Tensor& std);

// Throws kUsage, naming `method`, for a network without batch norm.
void RequireBatchNorms(const Graph& graph, const std::string& method);

// Runs `graph` on x and calls `visit(batch-norm node, moments of its input)` for each batch norm, in
// order. Returns the logits. Throws as RequireBatchNorms does. `hooks` may replace tensors; their
// on_moments is not used.
torch::Tensor VisitBatchNorms(
    const Graph& graph, const torch::Tensor& x, const std::string& method,
    const std::function<void(const Node& batch_norm, const ImageMoments& moments)>& visit,
    ForwardHooks hooks = {});

}  // namespace zerosweep
