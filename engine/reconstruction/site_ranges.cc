#include "engine/reconstruction/site_ranges.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/quant/site_hooks.h"
#include "engine/reconstruction/soft_unit.h"

namespace zerosweep {

SiteRanges::SiteRanges(const ReconstructionSettings& settings, ActPlacement placement,
                       const Graph& teacher, const torch::Tensor& images, QuantizedNetwork& network)
    : settings_(settings),
      placement_(placement),
      teacher_(teacher),
      images_(images.slice(0, 0, settings.act_init_images)),
      network_(network) {}

void SiteRanges::BeginPhase(const Phase& phase) {
  if (!phase.quantize_activations) return;
  if (settings_.act_init == ActInit::kFullPrecision)
    Search({.graph = teacher_, .quantized = false}, Missing());
  if (settings_.act_init == ActInit::kAtPhaseStart) Search({.graph = network_.graph()}, Missing());
}

void SiteRanges::BeginUnit(const Phase& phase, const Unit& unit, bool last,
                           const UnitDraws* draws) {
  const bool by_unit =
      settings_.act_init == ActInit::kPerUnit || settings_.act_init == ActInit::kSoftUnit;
  if (!phase.quantize_activations || !by_unit) return;
  std::vector<size_t> sites = Missing();
  const int end = last ? teacher_.output.node + 1
                       : unit.output.node + (placement_ == ActPlacement::kOpInput ? 0 : 1);
  std::erase_if(sites, [&](size_t i) { return network_.activations()[i].site.node >= end; });
  if (sites.empty()) return;
  const bool soft = settings_.act_init == ActInit::kSoftUnit && draws != nullptr;
  Search(soft ? WhileLearning(phase, unit, *draws) : Path{.graph = network_.graph()}, sites);
}

// Returns the sites that are to be quantized and have no grid yet.
std::vector<size_t> SiteRanges::Missing() const {
  std::vector<size_t> sites;
  for (size_t i = 0; i < network_.activations().size(); ++i) {
    const QuantizedActivation& activation = network_.activations()[i];
    if (activation.grid.pass_through() && activation.site.bits != kPassThroughBits)
      sites.push_back(i);
  }
  return sites;
}

// The student's path, with this unit in the state before its first step.
SiteRanges::Path SiteRanges::WhileLearning(const Phase& phase, const Unit& unit,
                                           const UnitDraws& draws) const {
  Path path{.graph = network_.graph(), .each_reader = phase.mask_each_reader};
  for (const int node : unit.nodes) {
    const auto found = network_.weights().find(node);
    const bool rounded = found != network_.weights().end() && !found->second.grid.pass_through() &&
                         phase.lr_rounding > 0;
    if (!rounded) continue;
    const Node& teacher = teacher_.nodes[node];
    path.weights[node] = SoftWeight(teacher.parameters.at("weight"), found->second.grid, false)
                             .Soft()
                             .weight.detach();
  }
  if (phase.keep_quantized >= 1) return path;
  path.keep = [&draws, own = SitesOf(network_, unit, placement_)](size_t site, int reader,
                                                                  const torch::Tensor& tensor) {
    if (std::find(own.begin(), own.end(), site) == own.end()) return torch::Tensor();
    return draws.Keep(0, fmt::format("range{}", site), reader, tensor);
  };
  return path;
}

// Runs the images once. Each of `sites` gets its grid from the first tensor that it sees, and
// quantizes from then on.
void SiteRanges::Search(const Path& path, const std::vector<size_t>& sites) {
  const torch::NoGradGuard no_grad;
  const std::vector<ActivationSite> all = network_.Sites();
  const auto see = [&](size_t site, int reader, const torch::Tensor& tensor) {
    QuantizedActivation& activation = network_.activations()[site];
    const bool wanted = std::find(sites.begin(), sites.end(), site) != sites.end();
    if (wanted && activation.grid.pass_through()) {
      activation.grid =
          EstimateGrid(tensor, activation.site.bits, settings_.act_range, /*per_channel=*/false);
    }
    if (!path.quantized) return tensor;
    const torch::Tensor quantized = Quantize(activation, reader, tensor);
    const torch::Tensor keep = path.keep ? path.keep(site, reader, tensor) : torch::Tensor();
    return keep.defined() ? torch::where(keep.to(torch::kBool), quantized, tensor) : quantized;
  };
  SiteHooks hooks(path.graph, all, see, path.each_reader);
  if (!path.weights.empty()) {
    hooks.hooks().replace_weight = [&path](int node, const torch::Tensor& weight) {
      const auto found = path.weights.find(node);
      return found == path.weights.end() ? weight : found->second;
    };
  }
  Run(path.graph, images_, hooks.hooks());
}

}  // namespace zerosweep
