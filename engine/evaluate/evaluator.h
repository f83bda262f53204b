// Top-1 accuracy of a network on labelled images.
#pragma once

#include <torch/types.h>

#include <functional>
#include <string>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/progress.h"
#include "engine/teacher.h"

namespace zerosweep {

struct Evaluation {
  double top1 = 0;            // percent
  double loss = 0;            // mean cross-entropy
  torch::Tensor predictions;  // N, int32
  torch::Tensor correct;      // N, bool
};

using ForwardFunction = std::function<torch::Tensor(const torch::Tensor&)>;

// Runs `forward` (normalised N×C×H×W → logits) over the first `limit` images (0: all of them). The
// teacher gives the normalisation and the device. Throws kTrial ("non_finite") when a logit is not
// finite.
Evaluation Evaluate(const ForwardFunction& forward, const Dataset& dataset, const Teacher& teacher,
                    int64_t limit, Progress& progress);

// One bit an image, least significant first.
std::string PackBits(const torch::Tensor& flags);

}  // namespace zerosweep
