// Weights whose rounding is learned: AdaRound (Nagel et al., ICML 2020, arXiv:2004.10568, eq.
// 22–25). In GENIE (Jeon et al., CVPR 2023, arXiv:2212.04780, section 3.3) the step is learned too.
//
//   w̃ = s·(clamp(B + h(V) + z, 0, most) − z)     B = ⌊w/s₀⌋, fixed; h in [0, 1]
//   h(V) = clamp(sigmoid(V)·(ζ − γ) + γ, 0, 1)      ζ = 1.1, γ = −0.1
//
// V starts where h = frac(w/s₀): the soft weight equals the weight, except where the grid clips it.
// Since B does not follow s, the step can be learned together with V.
#pragma once

#include <torch/types.h>

#include <optional>

#include "engine/kernels/soft_rounding.h"
#include "engine/quant/quantized_network.h"

namespace zerosweep {

torch::Tensor RoundingLogits(const torch::Tensor& fraction);  // the inverse of h on [0, 1)

class SoftWeight {
 public:
  // One grid per output channel. `learn_step`: s is a parameter too.
  SoftWeight(const torch::Tensor& weight, const UniformGrid& grid, bool learn_step);

  // w̃ and, with an exponent b, the regulariser Σ 1 − |2h(V) − 1|^b; both differentiable in V and,
  // where it is learned, in s.
  SoftRounding Soft(std::optional<double> b = {}) const {
    return RoundSoftly(rounding_, v_, step_, b);
  }
  // Rounds h to 1[V ≥ 0] and returns the final codes and grid. Before any step this is nearest
  // rounding (ties upwards).
  QuantizedWeight Harden() const;

  // The number of h in (0.01, 0.99), which hardening will move.
  int64_t SoftCount() const;

  const torch::Tensor& v() const { return v_; }
  const torch::Tensor& step() const { return step_; }  // (C, 1, …)

 private:
  torch::Tensor v_, step_;
  RoundingGrid rounding_;
  int bits_;
  bool narrow_;
};

}  // namespace zerosweep
