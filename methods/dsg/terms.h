// The loss terms of DSG (Diversifying Sample Generation for Accurate Data-Free Quantization, Zhang
// et al., CVPR 2021) and of its extended version (arXiv 2109.00212).
#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "engine/graph/teacher.h"
#include "engine/loop/progress.h"
#include "engine/random/streams.h"

namespace zerosweep {

// Tolerated distance between a layer's statistics and the running ones: one number for all
// channels.
struct Slack {
  double mean = 0;
  double std = 0;
};

// Returns the slacks of every batch norm, in order: the `percentile` (the ⌈p·C⌉-th smallest of C
// channels) of |μ⁰ − m| and |σ⁰ − s|, where μ⁰ and σ⁰ are the statistics over `images` Gaussian
// images N(0, 1) together (CVPR 2021; the slack files that the code reads were never released).
std::vector<Slack> GaussianSlacks(const Teacher& teacher, double percentile, int64_t images,
                                  const RandomStreams& random, Progress& progress);

// Layerwise sample enhancement: the weight of image `image` of a batch at batch norm `layer` of
// `layers`.
enum class Enhancement {
  kNone,         // 1 everywhere
  kOwnLayer,     // I + 11ᵀ (paper): 2 at its own layer, image mod layers; 1 elsewhere
  kFirstTwenty,  // code: residuals doubled, hence 4, where image = layer < 20; 1 elsewhere
};
torch::Tensor EnhancementWeights(Enhancement enhancement, int64_t first_image, int64_t images,
                                 int64_t layers);  // layers×images, float32; REQUIRES: layers > 0

// Slack distribution alignment of a layer for each image, summed over channels:
//   ‖max(|μ − m| − δ, 0)‖² + ‖max(|σ − s| − γ, 0)‖²,   σ = √(variance + 1e-6)
// mean, variance: N×C; returns N.
torch::Tensor AlignmentLoss(const torch::Tensor& mean, const torch::Tensor& variance,
                            const torch::Tensor& target_mean, const torch::Tensor& target_std,
                            const Slack& slack);

// Sample correlation inhibition, in our reading: the mean of S_ij² over i ≠ j, where S = X̂X̂ᵀ and
// the rows of X̂ are the flattened images divided by their norms. Gaussian images have about 1/D.
// The extended version's term has this target, but its released code detaches it. 0 for one image.
torch::Tensor CorrelationLoss(const torch::Tensor& x);

// Σ over →, ↓ and both diagonals of ‖x − shifted x‖_F over the whole batch (extended code).
torch::Tensor TotalVariation(const torch::Tensor& x);

// Mean over images of ‖x_b‖₂ (extended code).
torch::Tensor MeanNorm(const torch::Tensor& x);

}  // namespace zerosweep
