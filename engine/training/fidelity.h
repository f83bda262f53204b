// How close the outputs of a quantized network are to those of its teacher on the same images. It
// needs no labels.
#pragma once

#include <torch/types.h>

#include <map>
#include <string>

#include "contract/output_kind.h"

namespace zerosweep {

// Sums over batches.
//
//   agreement  percentage of images on which both choose the same class; for dense maps of several
//              channels the percentage of pixels
//   kl         mean over images (pixels) of KL(softmax of the teacher ‖ softmax of the network), nats
//   iou        dense maps of one channel: mean over images of the intersection over the union of the
//              pixels above the threshold, in percent; 100 where both are empty
//   cosine     embeddings: mean over images of the cosine of the angle between both
//   sqnr       10·log10(Σ‖t‖² / Σ‖t − q‖²) over all outputs, in dB, within ±kMostSqnr; kMostSqnr for
//              equal outputs
//
// Everything is computed in float64.
class Fidelity {
 public:
  static constexpr double kMostSqnr = 200;

  // `threshold` is for maps, whose values are compared as the network gives them.
  explicit Fidelity(OutputKind output, double threshold = 0.3)
      : output_(output), threshold_(threshold) {}

  // Outputs of both for the same images: N×K, N×C×H×W or N×D. Throws kTrial (configuration) when
  // they do not have the dimensions of the kind. REQUIRES: equal shapes.
  void Add(const torch::Tensor& teacher, const torch::Tensor& quantized);

  // The metrics of the kind. REQUIRES: an Add.
  std::map<std::string, double> Metrics() const;

  // The metric of Metrics that ranks networks; higher is better. Classes: "agreement".
  std::string Headline() const;

 private:
  bool has_classes() const { return output_ != OutputKind::kEmbedding && channels_ > 1; }

  OutputKind output_;
  double threshold_;
  int64_t channels_ = 0;
  int64_t images_ = 0;
  int64_t decisions_ = 0, agreeing_ = 0;  // images, or pixels
  double divergence_ = 0, overlap_ = 0, cosine_ = 0;
  double signal_ = 0, noise_ = 0;
};

// Throws kTrial (configuration) when a network's output does not have the dimensions of its kind: 2,
// for dense maps 4.
void RequireOutput(OutputKind output, const torch::Tensor& outputs);

}  // namespace zerosweep
