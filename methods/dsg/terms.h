// The loss terms of DSG: Diversifying Sample Generation for Accurate Data-Free Quantization (Zhang
// et al., CVPR 2021), and of its extended version (arXiv 2109.00212).
#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "engine/graph/teacher.h"
#include "engine/loop/progress.h"
#include "engine/random/streams.h"

namespace zerosweep {

constexpr double kDsgVarianceEpsilon = 1e-6;  // inside square roots (code, as in ZeroQ)

// Tolerated distance of a layer's statistics from the running ones: one number for all channels.
struct Slack {
  double mean = 0;
  double std = 0;
};

// Slacks of every batch norm, in order: the `percentile` (the ⌈p·C⌉-th smallest of C channels) of
// |μ⁰ − m| and |σ⁰ − s|, where μ⁰ and σ⁰ are the statistics over all of `images` Gaussian images
// N(0, 1) (CVPR 2021; the files of slacks that the code reads were never released).
std::vector<Slack> GaussianSlacks(const Teacher& teacher, double percentile, int64_t images,
                                  const RandomStreams& random, Progress& progress);

// Layerwise sample enhancement: how much image `image` of a batch weighs at batch norm `layer` of
// `layers`.
enum class Enhancement {
  kNone,         // 1 everywhere
  kOwnLayer,     // I + 11ᵀ (paper): 2 at its own layer, image mod layers; 1 elsewhere
  kFirstTwenty,  // code: residuals doubled, hence 4, where image = layer < 20; 1 elsewhere
};
torch::Tensor EnhancementWeights(Enhancement enhancement, int64_t first_image, int64_t images,
                                 int64_t layers);  // layers×images, float32; REQUIRES: layers > 0

// Slack distribution alignment of a layer for each image: ‖max(|μ − m| − δ, 0)‖² +
// ‖max(|σ − s| − γ, 0)‖² over channels, with σ = √(variance + 1e-6). mean, variance: N×C; returns
// N.
torch::Tensor AlignmentLoss(const torch::Tensor& mean, const torch::Tensor& variance,
                            const torch::Tensor& target_mean, const torch::Tensor& target_std,
                            const Slack& slack);

// Sample correlation inhibition as we read it: the mean of S_ij² over i ≠ j, where S = X̂X̂ᵀ and X̂'s
// rows are the flattened images over their norms. Gaussian images have about 1/D, the target of the
// extended version's term, whose released code detaches it. 0 for one image.
torch::Tensor CorrelationLoss(const torch::Tensor& x);

// Σ over →, ↓ and both diagonals of ‖x − shifted x‖_F over the whole batch (extended code).
torch::Tensor TotalVariation(const torch::Tensor& x);

// Mean over images of ‖x_b‖₂ (extended code).
torch::Tensor MeanNorm(const torch::Tensor& x);

}  // namespace zerosweep
