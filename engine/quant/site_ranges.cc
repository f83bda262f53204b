#include "engine/quant/site_ranges.h"

#include <algorithm>

#include "engine/quant/site_taps.h"

namespace zerosweep {

std::vector<size_t> SiteRanges::Missing() const {
  std::vector<size_t> sites;
  for (size_t i = 0; i < network_.activations().size(); ++i) {
    const QuantizedActivation& activation = network_.activations()[i];
    if (activation.grid.pass_through() && activation.site.bits != kPassThroughBits)
      sites.push_back(i);
  }
  return sites;
}

void SiteRanges::Search(const Path& path, const torch::Tensor& images,
                        const std::vector<size_t>& sites) {
  const torch::NoGradGuard no_grad;
  std::vector<ActSite> all;
  for (const QuantizedActivation& activation : network_.activations())
    all.push_back(activation.site);
  const auto see = [&](size_t site, int reader, const torch::Tensor& tensor) {
    QuantizedActivation& activation = network_.activations()[site];
    const bool wanted = std::find(sites.begin(), sites.end(), site) != sites.end();
    if (wanted && activation.grid.pass_through())
      activation.grid = SearchGrid(tensor, activation.site.bits, search_, /*per_channel=*/false);
    if (!path.quantized) return tensor;
    const torch::Tensor quantized = Quantize(activation, reader, tensor);
    const torch::Tensor keep = path.keep ? path.keep(site, reader, tensor) : torch::Tensor();
    return keep.defined() ? torch::where(keep.to(torch::kBool), quantized, tensor) : quantized;
  };
  SiteTaps taps(path.graph, all, see, path.each_reader);
  if (!path.weights.empty()) {
    taps.taps().replace_weight = [&path](int node, const torch::Tensor& weight) {
      const auto found = path.weights.find(node);
      return found == path.weights.end() ? weight : found->second;
    };
  }
  zerosweep::Run(path.graph, images, taps.taps());
}

}  // namespace zerosweep
