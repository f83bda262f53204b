// Ranges of activation sites, each searched on the tensor that it sees while a network runs.
#pragma once

#include <torch/types.h>

#include <functional>
#include <map>
#include <vector>

#include "engine/graph/units.h"
#include "engine/quant/quantized_network.h"
#include "engine/reconstruction/reconstruction_settings.h"
#include "engine/reconstruction/unit_draws.h"

namespace zerosweep {

class SiteRanges {
 public:
  // Ranges of `network` on the first act_init_images of `images`, at the time that act_init says.
  // Everything given outlives this object; `teacher` has the network's nodes in full precision.
  SiteRanges(const ReconstructionSettings& settings, ActPlacement placement, const Graph& teacher,
             const torch::Tensor& images, QuantizedNetwork& network);

  // Call it before a phase.
  void BeginPhase(const Phase& phase);
  // Call it before a unit of a phase, for the sites up to that unit, those between units included;
  // of the last unit, for all. `draws`: of the unit's training; null: it is not trained.
  void BeginUnit(const Phase& phase, const Unit& unit, bool last, const UnitDraws* draws);

 private:
  // What the sites see. Weights are those of `graph`, but for those of `weights` (by node).
  struct Path {
    const Graph& graph;     // the network's nodes
    bool quantized = true;  // sites that have a grid quantize; false: none does
    std::map<int, torch::Tensor> weights = {};
    // Where the quantized value is taken (learned_activation.h), for a site and a reader
    // (site_taps.h); undefined: everywhere. Empty: at every site everywhere.
    std::function<torch::Tensor(size_t site, int reader, const torch::Tensor& tensor)> keep = {};
    bool each_reader = false;  // see SiteHooks
  };

  std::vector<size_t> Missing() const;
  Path WhileLearning(const Phase& phase, const Unit& unit, const UnitDraws& draws) const;
  void Search(const Path& path, const std::vector<size_t>& sites);

  const ReconstructionSettings& settings_;
  ActPlacement placement_;
  const Graph& teacher_;
  torch::Tensor images_;
  QuantizedNetwork& network_;
};

}  // namespace zerosweep
