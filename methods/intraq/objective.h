// What a batch of IntraQ images minimises.
#pragma once

#include <torch/types.h>

#include <map>
#include <string>

#include "engine/synthesis/pixels.h"
#include "methods/intraq/terms.h"

namespace zerosweep {

struct IntraqSettings {
  PixelSettings pixels;
  double reinforcement = 0;      // share of the iterations that see views
  bool coin_each_image = false;  // decides between view and whole image; otherwise each iteration
  double eta = 0, flip = 0;
  double lambda_lower = 0, lambda_upper = 0;
  double epsilon = 0, hard_targets = 0;
};
Params<IntraqSettings> IntraqParams();

class IntraqObjective {
 public:
  // Centres of classes are those of batch.finished, and stay. `context` must outlive the objective.
  IntraqObjective(const SynthesisContext& context, const IntraqSettings& settings,
                  const ImageBatch& batch);

  // Local object reinforcement: the images (N×C×H×W) as this iteration's losses see them.
  torch::Tensor Seen(const torch::Tensor& x, int64_t iteration) const;

  // The terms for images as they are seen, by name: "bn_mean", "bn_variance", "inception", and
  // where there are centres "margin_lower" and "margin_upper". Their sum is the loss.
  std::map<std::string, torch::Tensor> Terms(const torch::Tensor& seen) const;

 private:
  void FindCentres();

  const SynthesisContext& context_;
  IntraqSettings settings_;
  ImageBatch batch_;
  int last_;               // FeatureLayer
  torch::Tensor labels_;   // N int64
  torch::Tensor targets_;  // N
  torch::Tensor centres_;  // N×F: of each image's class; undefined without any
  torch::Tensor mask_;     // N: whether its class has one
};

}  // namespace zerosweep
