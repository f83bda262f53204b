// Statistics of the inputs of a teacher's batch norms, and the running statistics that they should
// match.
#pragma once

#include <functional>
#include <string>

#include "engine/graph/executor.h"

namespace zerosweep {

// Per-image statistics of x (N×C×H×W): mean and unbiased variance over H·W, both N×C. Throws kTrial
// when H·W is 1: a single value has no unbiased variance.
struct ImageStatistics {
  torch::Tensor mean, variance;
};
ImageStatistics PerImageStatistics(const torch::Tensor& x, const std::string& where);

// Statistics of the whole batch x (N×C×H×W): mean and variance over N·H·W, both (C). Differentiable
// once. The unbiased variance throws kTrial when N·H·W is 1; the biased one divides by N·H·W.
struct BatchStatistics {
  torch::Tensor mean, variance;
};
BatchStatistics PerBatchStatistics(const torch::Tensor& x, const std::string& where);
BatchStatistics BiasedBatchStatistics(const torch::Tensor& x);

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

// Runs `graph` on x and calls `visit(batch-norm node, its input)` for each batch norm. Returns the
// logits. Throws as RequireBatchNorms does. `hooks` may replace tensors; their on_input is not
// used.
torch::Tensor VisitBatchNormInputs(
    const Graph& graph, const torch::Tensor& x, const std::string& method,
    const std::function<void(const Node& batch_norm, const torch::Tensor& input)>& visit,
    ForwardHooks hooks = {});

}  // namespace zerosweep
