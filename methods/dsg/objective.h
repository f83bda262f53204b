// What a batch of DSG images minimises.
#pragma once

#include <torch/types.h>

#include <map>
#include <string>
#include <vector>

#include "engine/synthesis/batchwise.h"
#include "methods/dsg/terms.h"

namespace zerosweep {

class DsgObjective {
 public:
  // `slacks`: one for each batch norm. `context` must outlive the objective.
  DsgObjective(const SynthesisContext& context, const std::vector<Slack>& slacks,
               const ImageBatch& batch);

  // The weighted terms for the batch's images x, by name: "alignment", and those of "ce", "sci",
  // "tv" and "l2" whose weight is not 0. Their sum is the loss.
  std::map<std::string, torch::Tensor> Terms(const torch::Tensor& x, int64_t iteration) const;

 private:
  double Weight(const char* name) const { return context_.params.at(name); }
  torch::Tensor Alignment(const torch::Tensor& x, torch::Tensor& logits) const;
  torch::Tensor Rolled(const torch::Tensor& x, int64_t iteration) const;

  const SynthesisContext& context_;
  std::vector<Slack> slacks_;
  ImageBatch batch_;
  torch::Tensor labels_;   // N int64
  torch::Tensor weights_;  // layers×N
};

}  // namespace zerosweep
