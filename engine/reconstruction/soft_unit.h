// The student's side of one unit while it is reconstructed.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "engine/graph/subgraph.h"
#include "engine/graph/units.h"
#include "engine/kernels/learned_quantizer.h"
#include "engine/quant/quantized_network.h"
#include "engine/reconstruction/soft_weight.h"

namespace zerosweep {

// Returns the indices into network.activations() of the sites that belong to a unit: those of its
// own nodes, or, for quantizers at the inputs of operators, those of the tensors that it reads.
std::vector<size_t> SitesOf(const QuantizedNetwork& network, const Unit& unit,
                            ActPlacement placement);

struct SoftUnitSettings {
  bool learn_rounding = true;
  bool learn_weight_steps = false;
  bool quantize_activations = true;
  bool learn_act_steps = false;
  bool learn_borders = false;     // those of the network's sites
  bool mask_each_reader = false;  // `keep` is asked for each reader of a tensor (GENIE's code,
                                  // where each calls the quantizer that they share)
  StepGradient step_gradient = StepGradient::kRoundThenClamp;
};

class SoftUnit {
 public:
  // `full_precision` has the network's nodes with the weights to round; `sites` as SitesOf returns
  // them, each with a grid. Copies the values that it learns; `network` stays unchanged until
  // Store.
  SoftUnit(const QuantizedNetwork& network, const Graph& full_precision, const Unit& unit,
           const std::vector<size_t>& sites, const SoftUnitSettings& settings);

  // Softly rounded weights, by node of the part, and their regulariser.
  struct Weights {
    std::map<int, torch::Tensor> soft;
    std::vector<torch::Tensor> losses;  // Σ over a tensor, each a scalar; empty without b
  };
  // Rounds all weights, with the exponent b of the regulariser (soft_rounding.h).
  Weights Round(std::optional<double> b = {}) const;

  // Decides where the quantized value is taken (learned_quantizer.h), for site i of `sites` and
  // one reader or all of them (site_hooks.h).
  using Keep = std::function<torch::Tensor(size_t i, int reader, const torch::Tensor& tensor)>;
  // Returns the unit's output for its input x, which is not yet quantized. `keep` may be empty:
  // everything is quantized.
  torch::Tensor Forward(const torch::Tensor& x, const Weights& weights,
                        const Keep& keep = {}) const;

  // Stores hard weights, learned steps and borders in the network.
  void Store(QuantizedNetwork& network) const;

  std::vector<torch::Tensor> RoundingParameters() const;
  std::vector<torch::Tensor> WeightSteps() const;
  std::vector<torch::Tensor> ActSteps() const;
  std::vector<torch::Tensor> Borders() const;
  bool NothingToLearn() const;
  double SoftShare() const;  // share of weights; 0 without rounding parameters

 private:
  struct Activation {
    size_t site = 0;  // in the network
    int bits = 0, zero_point = 0;
    torch::Tensor step;
    std::map<int, torch::Tensor> borders;  // by node of the part, or kEveryReader

    const torch::Tensor* BorderFor(int reader) const;  // null: rounds to nearest
  };

  Subgraph part_;
  std::map<int, SoftWeight> weights_;  // by node of the part
  std::vector<ActivationSite> sites_;  // by node of the part
  std::vector<Activation> activations_;
  SoftUnitSettings settings_;
};

}  // namespace zerosweep
