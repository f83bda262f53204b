// How close the outputs of a quantized network are to those of its teacher on the same images. It
// needs no labels.
#pragma once

#include <torch/types.h>

#include <map>
#include <optional>
#include <string>

#include "contract/output_kind.h"

namespace zerosweep {

// The mean of a value over images, and how far that of other images would be from it.
class ImageMean {
 public:
  // A value for each image.
  void Add(const torch::Tensor& values);

  // REQUIRES: an Add with an image.
  double mean() const { return mean_; }
  // s/√n of the sample standard deviation s; nullopt for one image.
  std::optional<double> standard_error() const;

 private:
  double images_ = 0, mean_ = 0;
  double squares_ = 0;  // Σ (value − mean)²
};

// Gathers batches.
//
//   agreement  percentage of images on which both choose the same class; for dense maps of several
//              channels the percentage of pixels
//   kl         mean over images (pixels) of KL(softmax of the teacher ‖ softmax of the network), nats
//   iou        dense maps of one channel: mean over images of the intersection over the union of the
//              pixels above the threshold, in percent; 100 where both are empty
//   cosine     embeddings: mean over images of the cosine of the angle between both
//   sqnr       10·log10(Σ‖t‖² / Σ‖t − q‖²) over all outputs, in dB, within ±kMostSqnr; kMostSqnr for
//              equal outputs
//   score_se   standard error over images of the headline (agreement, iou or cosine), in its unit
//   kl_se      standard error over images of kl
//
// One image has no standard errors. Everything is computed in float64.
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
  // The headline's value of each image, in its unit.
  torch::Tensor Scores(const torch::Tensor& teacher, const torch::Tensor& quantized) const;

  OutputKind output_;
  double threshold_;
  int64_t channels_ = 0;
  ImageMean score_, divergence_;
  double signal_ = 0, noise_ = 0;
};

// Throws kTrial (configuration) when a network's output does not have the dimensions of its kind: 2,
// for dense maps 4.
void RequireOutput(OutputKind output, const torch::Tensor& outputs);

}  // namespace zerosweep
