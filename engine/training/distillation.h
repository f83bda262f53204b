// The sources that a student learns from: its teacher's logits, and labels.
#pragma once

#include <torch/types.h>

#include <map>
#include <string>

#include "engine/catalogue/params.h"

namespace zerosweep {

using Terms = std::map<std::string, torch::Tensor>;  // weighted terms of a loss: this rank's shares

// The images of one training step on this rank, without gradient.
struct TrainingBatch {
  torch::Tensor images;   // n×C×H×W
  torch::Tensor labels;   // n×classes: shares of classes; they sum to 1
  torch::Tensor targets;  // n×classes: the teacher's logits
  int64_t count = 0;      // images of all ranks
};

struct Distillation {
  double temperature = 20;  // T
  double weight = 1;        // α
  bool by_element = true;   // divide the divergence by images · classes; otherwise by images

  // The weight of one image's divergence, summed over classes, in a batch's mean: α·T², divided by
  // the classes if the reduction is by element. GDFQ: 400/classes, ClusterQ: 400, FDDA and IntraQ:
  // 8000.
  double ImageWeight(int64_t classes) const;
};

// This rank's share of the cross-entropy: −Σ over its images of Σ_c labels_c · log
// softmax(logits)_c, divided by the images of the whole batch. labels: n×classes.
torch::Tensor CrossEntropyShare(const torch::Tensor& logits, const torch::Tensor& labels,
                                int64_t batch);

// α·T²·KL(softmax(t/T) ‖ softmax(s/T)) and cross-entropy of the student's logits s: this rank's
// shares. GDFQ and Qimera divide the divergence by images · classes, ClusterQ and FDDA by images.
struct StudentLoss {
  torch::Tensor distillation, cross_entropy;
};
StudentLoss LossOf(const torch::Tensor& logits, const TrainingBatch& batch,
                   const Distillation& settings);

// Declares temperature, distillation, reduction.
Params<Distillation> DistillationParams(double weight, const std::string& reduction);

// Returns n×K of the type of `options`: 1 at the label (N, int64), otherwise 0.
torch::Tensor OneHot(const torch::Tensor& labels, int64_t classes,
                     const torch::TensorOptions& options);

}  // namespace zerosweep
