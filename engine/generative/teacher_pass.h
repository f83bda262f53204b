// A teacher's answer to a batch that is spread over ranks: the logits, and the statistics of the
// inputs of its batch norms.
#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "engine/graph/graph.h"
#include "engine/parallel/moments.h"

namespace zerosweep {

struct TeacherPass {
  torch::Tensor logits;          // of this rank's images
  std::vector<Moments> moments;  // by batch norm, of all ranks' images
};

// Differentiable in x. Throws kUsage, naming `method`, for a network without batch norm.
TeacherPass RunTeacher(Group& group, const Graph& graph, const torch::Tensor& x,
                       const std::string& method);

// The running mean and variance of each of the teacher's batch norms.
std::vector<Moments> RunningMoments(const Graph& graph);

// MSE(μ, μ*) + MSE(v, v*), means over channels. All ranks compute the same value (PerRankShare).
torch::Tensor Mismatch(const Moments& moments, const Moments& target);
// Its mean over the batch norms from `first` to the last.
torch::Tensor Mismatch(const std::vector<Moments>& moments, const std::vector<Moments>& targets,
                       size_t first = 0);

}  // namespace zerosweep
