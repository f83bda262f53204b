// How much the outputs of a network change when only the weights of one op are quantized (ZeroQ,
// Cai et al., CVPR 2020, section 3.2).
//
//   Ω_i(k) = (1/N) Σ_j KL(p(x_j; θ) ‖ p(x_j; θ with the weights of op i at k bits))
//
// p: softmax of the logits, with batch norms unfolded and activations in full precision. Weights
// use ZeroQ's grid (per output channel on minimum and maximum) for every quantizer, so the
// measurement depends only on the teacher and the images. The direction of KL follows the paper;
// the public reimplementation (rhhc/ZeroQ-MP) takes the mean of both directions.
#pragma once

#include <torch/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "engine/graph/teacher.h"
#include "engine/loop/checkpoint.h"
#include "engine/loop/progress.h"

namespace zerosweep {

enum class Divergence {
  kForward,   // KL(FP ‖ quantized)
  kSymmetric  // the mean of both directions
};

struct OpSensitivity {
  std::string op;
  int64_t weights = 0;        // P_i, their number; biases and batch norms do not count
  std::vector<double> omega;  // in nats, at kMinBits … kMaxBits
};

struct Sensitivity {
  Divergence divergence = Divergence::kForward;
  int64_t images = 0;
  std::vector<OpSensitivity> ops;  // in the order of Graph::Weighted()

  // Ω of an op; 0 at 32 bits. REQUIRES: bits are 2…8 or 32.
  double Omega(size_t op, int bits) const;
};

// (1/N) Σ_j of the divergence between two sets of distributions, given as N×K log-probabilities in
// float64.
double MeanDivergence(const torch::Tensor& log_p, const torch::Tensor& log_q,
                      Divergence divergence);

// Measures every op at every width, one after another: 7·L passes of all N images. images: N×C×H×W
// on the teacher's device. Throws Failure::kNonFinite for logits that are not finite.
Sensitivity MeasureSensitivity(const Teacher& teacher, const torch::Tensor& images,
                               Divergence divergence, Progress& progress, Checkpoints& checkpoints);

// sensitivity.json in `folder` (docs/formats.md). Load throws kStorage for a damaged file.
void SaveSensitivity(const Sensitivity& sensitivity, const std::filesystem::path& folder);
Sensitivity LoadSensitivity(const std::filesystem::path& folder);

}  // namespace zerosweep
