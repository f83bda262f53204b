// The loss terms of IntraQ: Learning Synthetic Images with Intra-Class Heterogeneity for Zero-Shot
// Network Quantization (Zhong et al., CVPR 2022).
#pragma once

#include <torch/types.h>

#include "engine/graph/teacher.h"
#include "engine/random/streams.h"

namespace zerosweep {

// Returns the node whose flattened input is compared between images: the classifier (classifier.h).
// The released code's networks pool before it. Throws kUsage for a network without one.
int FeatureLayer(const Graph& graph);

// Returns the inputs of that layer for images (N×C×H×W): N×F, without gradient.
torch::Tensor Features(const Teacher& teacher, const torch::Tensor& images);

// Mean features of classes: K×F. known: K, 1 for a class that has a feature, otherwise 0.
struct ClassCentres {
  torch::Tensor centres, known;
};
// features: N×F; labels: N int64. Summed on the CPU in double precision.
ClassCentres MeanFeatures(const torch::Tensor& features, const torch::Tensor& labels, int classes);

// Marginal distance constraint, with d = 1 − cos(f, c_y):
//   lower = Σ m·max(λ_l − d, 0) / (Σ m + 1e-6)
//   upper = Σ m·max(d − λ_u, 0) / (Σ m + 1e-6)
// m is 1 for an image whose class has a centre, otherwise 0. The norms in cos are at least 1e-6
// (authors' code, distill_data.py). Both are 0 if no image's class has a centre. features, centres:
// N×F; mask: N.
struct Margins {
  torch::Tensor lower, upper;
};
Margins MarginLoss(const torch::Tensor& features, const torch::Tensor& centres,
                   const torch::Tensor& mask, double lambda_lower, double lambda_upper);

// Soft inception targets of images first … first + count − 1, each drawn once: 1 with probability
// `hard`, otherwise U(epsilon, 1). float32 on the CPU.
torch::Tensor SoftTargets(const RandomStreams& random, double hard, double epsilon, int64_t first,
                          int64_t count);

// Mean of (p_y − t)², where p_y is the softmax probability of the label. logits: N×K; labels,
// targets: N.
torch::Tensor InceptionLoss(const torch::Tensor& logits, const torch::Tensor& labels,
                            const torch::Tensor& targets);

}  // namespace zerosweep
