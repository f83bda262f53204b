// Quantizers whose range is learned by gradient, or fixed, while the network is trained. The
// forward value is FakeQuantize's on the grid that the parameter stands for, so the deployed
// network equals the trained one bit for bit.
#pragma once

#include <torch/types.h>

#include "engine/quant/number_format.h"

namespace zerosweep {

// LSQ (Esser et al., ICLR 2020): the grid of step s, with codes −2^(k−1) … 2^(k−1) − 1 if
// `is_signed` (weights), otherwise 0 … 2^k − 1 (outputs of a ReLU).
//   dx̂/dx = 1 inside the range, 0 outside
//   dx̂/ds = x̂/s − x/s inside, the code at the nearer end outside; times 1/√(N·Qp), N values of x
// step: (), or one for each slice of dimension 0. It should be positive; otherwise its magnitude
// counts. x is `share` of the values that the step is trained on, and N counts those of all ranks.
torch::Tensor LsqQuantize(const torch::Tensor& x, const torch::Tensor& step, int bits,
                          bool is_signed, double share = 1);
UniformGrid LsqGrid(const torch::Tensor& step, int bits, bool is_signed);
// 2·mean|x| / √Qp.
torch::Tensor LsqInitialStep(const torch::Tensor& mean_magnitude, int bits, bool is_signed);

// PACT (Choi et al. 2018): x clipped to [0, α], then the uniform grid over it.
//   dx̂/dx = 1 for 0 < x < α, 0 otherwise
//   dx̂/dα = 1 for x ≥ α, 0 otherwise
// α: (), positive.
torch::Tensor PactQuantize(const torch::Tensor& x, const torch::Tensor& alpha, int bits);
UniformGrid PactGrid(const torch::Tensor& alpha, int bits);

// DoReFa (Zhou et al. 2016), with q on [0, 1] and M = max|tanh w| over the layer:
//   w → 2·q(tanh(w) / (2M) + ½) − 1
// Here the result is multiplied by M, since batch norms that keep their statistics need weights of
// the original size. The grid, that of tanh(w), has no zero. It has one row per channel, all equal.
UniformGrid DoReFaGrid(const torch::Tensor& weight, int bits);

}  // namespace zerosweep
