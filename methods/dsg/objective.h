// The loss that a batch of DSG images minimises.
#pragma once

#include <torch/types.h>

#include <map>
#include <string>
#include <vector>

#include "engine/synthesis/pixels.h"
#include "methods/dsg/terms.h"

namespace zerosweep {

struct DsgSettings {
  PixelSettings pixels;
  bool gaussian = false;  // images begin as N(0, 1), otherwise as U[0, 1)
  bool slack = false;
  double slack_percentile = 0;
  int64_t slack_images = 0;
  Enhancement enhancement = Enhancement::kNone;
  // Includes the sample correlation. The released code in effect leaves it out: its eigenvalues are
  // detached, so the term has no gradient.
  bool decorrelation = false;
  double sci_weight = 0, ce_weight = 0, tv_weight = 0, l2_weight = 0;
};
Params<DsgSettings> DsgParams();

class DsgObjective {
 public:
  // `slacks`: one for each batch norm. `context` must outlive the objective.
  DsgObjective(const SynthesisContext& context, const DsgSettings& settings,
               const std::vector<Slack>& slacks, const ImageBatch& batch);

  // Returns the weighted terms for the batch's images x, by name: "alignment", and those of "ce",
  // "sci", "tv" and "l2" with non-zero weight. Their sum is the loss.
  std::map<std::string, torch::Tensor> Terms(const torch::Tensor& x, int64_t iteration) const;

 private:
  torch::Tensor Alignment(const torch::Tensor& x, torch::Tensor& logits) const;
  torch::Tensor Rolled(const torch::Tensor& x, int64_t iteration) const;

  const SynthesisContext& context_;
  DsgSettings settings_;
  std::vector<Slack> slacks_;
  ImageBatch batch_;
  torch::Tensor labels_;   // N int64
  torch::Tensor weights_;  // layers×N
};

}  // namespace zerosweep
