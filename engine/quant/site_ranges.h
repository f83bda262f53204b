// Ranges of activation sites, each searched on the tensor that it sees while a network runs.
#pragma once

#include <torch/types.h>

#include <functional>
#include <map>
#include <vector>

#include "engine/quant/quantized_network.h"
#include "engine/quant/range_search.h"

namespace zerosweep {

class SiteRanges {
 public:
  // A grid for each of the network's sites on this search. `network` outlives this.
  SiteRanges(QuantizedNetwork& network, const RangeSearchSettings& search)
      : network_(network), search_(search) {}

  // The sites that are quantized and have no grid yet.
  std::vector<size_t> Missing() const;

  // What the sites see. Weights are those of `graph`, but for those of `weights` (by node).
  struct Path {
    const Graph& graph;     // the network's nodes
    bool quantized = true;  // sites that have a grid quantize; false: none does
    std::map<int, torch::Tensor> weights = {};
    // Where the quantized value is taken (learned_activation.h), for a site and a reader
    // (site_taps.h); undefined: everywhere. Empty: at every site everywhere.
    std::function<torch::Tensor(size_t site, int reader, const torch::Tensor& tensor)> keep = {};
    bool each_reader = false;  // see SiteTaps
  };
  // Runs `images` once; each of `sites` gets its grid from the first tensor that it sees, and
  // quantizes from then on.
  void Search(const Path& path, const torch::Tensor& images, const std::vector<size_t>& sites);

 private:
  QuantizedNetwork& network_;
  RangeSearchSettings search_;
};

}  // namespace zerosweep
