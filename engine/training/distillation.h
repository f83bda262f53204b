// What a student learns from: its teacher's logits and labels.
#pragma once

#include <torch/types.h>

#include <map>
#include <string>

#include "engine/catalogue/params.h"

namespace zerosweep {

using Terms = std::map<std::string, torch::Tensor>;  // of a loss, weighted: this rank's shares

// The images of one training step on this rank, without gradient.
struct TrainingBatch {
  torch::Tensor images;   // n×C×H×W
  torch::Tensor labels;   // n×classes: shares of classes, which sum to 1
  torch::Tensor targets;  // n×classes: the teacher's logits
  int64_t count = 0;      // images of all ranks
};

struct Distillation {
  double temperature = 20;  // T
  double weight = 1;        // α
  bool by_element = true;   // the divergence is divided by images · classes, else by images

  // What one image's divergence, summed over classes, counts in a batch's mean: α·T², divided by
  // the classes where the reduction is by element. GDFQ: 400/classes, ClusterQ: 400, FDDA and
  // IntraQ: 8000.
  double ImageWeight(int64_t classes) const;
};

// −Σ over this rank's images of Σ_c labels_c · log softmax(logits)_c, divided by the images of the
// whole batch. labels: n×classes.
torch::Tensor CrossEntropyShare(const torch::Tensor& logits, const torch::Tensor& labels,
                                int64_t batch);

// α·T²·KL(softmax(t/T) ‖ softmax(s/T)) and cross-entropy of the student's logits s: this rank's
// shares. GDFQ and Qimera divide the divergence by images · classes, ClusterQ and FDDA by images.
struct StudentLoss {
  torch::Tensor distillation, cross_entropy;
};
StudentLoss LossOf(const torch::Tensor& logits, const TrainingBatch& batch,
                   const Distillation& settings);

// temperature, distillation, reduction.
Params<Distillation> DistillationParams(double weight, const std::string& reduction);

// K columns: 1 at the label (N, int64), else 0; of the type of `options`.
torch::Tensor OneHot(const torch::Tensor& labels, int64_t classes,
                     const torch::TensorOptions& options);

}  // namespace zerosweep
