#include "engine/quant/site_taps.h"

#include <algorithm>
#include <utility>

namespace zerosweep {

SiteTaps::SiteTaps(const Graph& graph, const std::vector<ActSite>& sites, Quantize quantize)
    : graph_(graph),
      sites_(sites),
      quantize_(std::move(quantize)),
      site_of_(graph.nodes.size(), -1) {
  bool exempt = false;
  for (size_t i = 0; i < sites.size(); ++i) {
    site_of_[static_cast<size_t>(sites[i].node)] = static_cast<int>(i);
    exempt = exempt || !sites[i].exempt.empty();
  }
  taps_.replace_output = [this](int node, const torch::Tensor& output) {
    return Output(node, output);
  };
  if (!exempt) return;
  taps_.replace_input = [this](int node, int index, const torch::Tensor& input) {
    return Input(node, index, input);
  };
}

torch::Tensor SiteTaps::Output(int node, const torch::Tensor& output) {
  const int site = site_of_[static_cast<size_t>(node)];
  if (site < 0) return output;
  if (!sites_[static_cast<size_t>(site)].exempt.empty()) unquantized_[node] = output;
  return quantize_(static_cast<size_t>(site), output);
}

torch::Tensor SiteTaps::Input(int node, int index, const torch::Tensor& input) const {
  const int source =
      graph_.nodes[static_cast<size_t>(node)].inputs[static_cast<size_t>(index)].node;
  const int site = site_of_[static_cast<size_t>(source)];
  if (site < 0) return input;
  const std::vector<int>& exempt = sites_[static_cast<size_t>(site)].exempt;
  const bool reads_fp = std::find(exempt.begin(), exempt.end(), node) != exempt.end();
  return reads_fp ? unquantized_.at(source) : input;
}

}  // namespace zerosweep
