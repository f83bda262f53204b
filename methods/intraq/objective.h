// The loss that a batch of IntraQ images minimises.
#pragma once

#include <torch/types.h>

#include <map>
#include <string>

#include "engine/synthesis/pixels.h"
#include "methods/intraq/terms.h"

namespace zerosweep {

struct IntraqSettings {
  PixelSettings pixels;
  double reinforcement = 0;      // share of the iterations in which views are seen
  bool coin_each_image = false;  // choose view or whole image for each image, not each iteration
  double eta = 0, flip = 0;
  double lambda_lower = 0, lambda_upper = 0;
  double epsilon = 0, hard_targets = 0;
};
Params<IntraqSettings> IntraqParams();

class IntraqObjective {
 public:
  // The centres of classes come from batch.finished and stay fixed. `context` must outlive the
  // objective.
  IntraqObjective(const SynthesisContext& context, const IntraqSettings& settings,
                  const ImageBatch& batch);

  // Local object reinforcement: returns the images (N×C×H×W) as this iteration's losses see them.
  torch::Tensor Seen(const torch::Tensor& x, int64_t iteration) const;

  // Returns the terms for `seen` images, by name: "bn_mean", "bn_variance", "inception", and
  // "margin_lower" and "margin_upper" if there are centres. Their sum is the loss.
  std::map<std::string, torch::Tensor> Terms(const torch::Tensor& seen) const;

 private:
  void FindCentres();

  const SynthesisContext& context_;
  IntraqSettings settings_;
  ImageBatch batch_;
  int last_;               // FeatureLayer
  torch::Tensor labels_;   // N int64
  torch::Tensor targets_;  // N
  torch::Tensor centres_;  // N×F: centre of each image's class; undefined without any
  torch::Tensor mask_;     // N: whether its class has one
};

}  // namespace zerosweep
