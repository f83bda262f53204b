// PD-Quant's distribution correction: unit inputs of the full-precision network, moved towards the
// statistics of the unit's batch norms.
#pragma once

#include <map>
#include <string>

#include "engine/graph/teacher.h"
#include "engine/graph/units.h"
#include "engine/loop/checkpoint.h"
#include "engine/loop/progress.h"

namespace zerosweep {

struct CorrectionSettings {
  int64_t iterations = 500;
  double lr = 1e-3;
  double weight = 50;  // of the distance to the original input (1 / lamb_c of the code)
  int64_t batch = 32;
};

// The loss to minimise for a unit of an unfolded network, at the input p with the original p0
// (PD-Quant, Liu et al., CVPR 2023, eq. 11; released code, quant/data_utils.py):
//   Σ_bn (1/N) Σ_n (‖μ_n − μ‖² + ‖σ_n − σ‖²)  +  weight · mean Σ_channels (p − p0)²
// μ_n, σ_n are per image (unbiased, √(var + 1e-6) on both sides); norms are sums over channels.
// Batch norms of 1×1 maps are left out, since they have no unbiased variance. Undefined if the unit
// has no batch norm to match.
torch::Tensor CorrectionLoss(const Graph& unit, const torch::Tensor& p, const torch::Tensor& p0,
                             double weight);

// Returns unit name → corrected inputs of all images, N×…; a unit without batch norm keeps its
// original inputs. Empty for 0 iterations.
std::map<std::string, torch::Tensor> CorrectInputs(const Graph& graph, const torch::Tensor& images,
                                                   const CorrectionSettings& settings,
                                                   Progress& progress, Checkpoints& checkpoints);

}  // namespace zerosweep
