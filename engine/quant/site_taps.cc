#include "engine/quant/site_taps.h"

#include <algorithm>
#include <utility>

namespace zerosweep {

ActSite SiteInside(const ActSite& site, const Subgraph& part) {
  ActSite inside{part.local[static_cast<size_t>(site.node)], site.bits, {}, site.output};
  for (const int reader : site.exempt) {
    const int local = part.local[static_cast<size_t>(reader)];
    if (local >= 0) inside.exempt.push_back(local);
  }
  return inside;
}

SiteTaps::SiteTaps(const Graph& graph, const std::vector<ActSite>& sites, Quantize quantize)
    : graph_(graph), sites_(sites), quantize_(std::move(quantize)) {
  bool exempt = false;
  for (size_t i = 0; i < sites.size(); ++i) {
    site_of_[sites[i].value()] = i;
    exempt = exempt || !sites[i].exempt.empty();
  }
  taps_.replace_output = [this](int node, const torch::Tensor& output) {
    return Output({node, 0}, output);
  };
  taps_.replace_part = [this](Value part, const torch::Tensor& output) {
    return Output(part, output);
  };
  if (!exempt) return;
  taps_.replace_input = [this](int node, int index, const torch::Tensor& input) {
    return Input(node, index, input);
  };
}

torch::Tensor SiteTaps::Output(Value value, const torch::Tensor& output) {
  const auto site = site_of_.find(value);
  if (site == site_of_.end()) return output;
  if (!sites_[site->second].exempt.empty()) unquantized_[value] = output;
  return quantize_(site->second, output);
}

torch::Tensor SiteTaps::Input(int node, int index, const torch::Tensor& input) const {
  const Value source = graph_.nodes[static_cast<size_t>(node)].inputs[static_cast<size_t>(index)];
  const auto site = site_of_.find(source);
  if (site == site_of_.end()) return input;
  const std::vector<int>& exempt = sites_[site->second].exempt;
  const bool reads_fp = std::find(exempt.begin(), exempt.end(), node) != exempt.end();
  return reads_fp ? unquantized_.at(source) : input;
}

}  // namespace zerosweep
