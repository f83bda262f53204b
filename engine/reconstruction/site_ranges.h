// Ranges of activation sites, each estimated on the tensor that the site sees while a network runs.
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
  // Sets the ranges of `network` on the first act_init_images of `images`, at the time that
  // act_init says. All arguments must outlive this object; `teacher` has the network's nodes in
  // full precision.
  SiteRanges(const ReconstructionSettings& settings, ActPlacement placement, const Graph& teacher,
             const torch::Tensor& images, QuantizedNetwork& network);

  // Call it before a phase.
  void BeginPhase(const Phase& phase);
  // Call it before a unit of a phase. Sets the ranges of the sites up to that unit, including those
  // between units; for the last unit, those of all remaining sites. `draws`: those of the unit's
  // training, or null if it is not trained.
  void BeginUnit(const Phase& phase, const Unit& unit, bool last, const UnitDraws* draws);

 private:
  // The network that the sites see. `weights` (by node) override the weights of `graph`.
  struct Path {
    const Graph& graph;     // the network's nodes
    bool quantized = true;  // sites that have a grid quantize; false: none does
    std::map<int, torch::Tensor> weights = {};
    // Decides where the quantized value is taken (learned_quantizer.h), for a site and a reader
    // (site_hooks.h). Undefined: everywhere. If empty, everywhere at every site.
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
