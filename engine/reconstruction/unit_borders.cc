#include "engine/reconstruction/unit_borders.h"

#include <algorithm>

#include "base/error.h"
#include "engine/quant/site_hooks.h"

namespace zerosweep {
namespace {

// Returns the weighted nodes that read a site's tensor itself, not after pooling.
std::vector<int> WeightedReaders(const Graph& teacher, const ActivationSite& site) {
  std::vector<int> readers;
  if (site.only) return readers;
  for (const int node : teacher.Users(site.node)) {
    const Node& reader = teacher.nodes[node];
    if (reader.weighted() && reader.inputs[0] == site.value()) readers.push_back(node);
  }
  return readers;
}

torch::Tensor FirstBorder(const BorderSettings& settings, const Graph& teacher, const Unit& unit,
                          const std::vector<int>& readers, int bits,
                          const QuantizedNetwork& network) {
  const bool seen = std::any_of(readers.begin(), readers.end(), [&](int reader) {
    return std::find(unit.nodes.begin(), unit.nodes.end(), reader) != unit.nodes.end();
  });
  std::vector<BorderReader> weights;
  for (const int node : readers) {
    const Node& full_precision = teacher.nodes[node];
    const Node& rounded = network.graph().nodes[node];
    weights.push_back({full_precision.parameters.at("weight"), rounded.parameters.at("weight"),
                       full_precision.attributes.value("groups", int64_t{1})});
  }
  const torch::Tensor border = ClosedFormBorder(weights, settings.rows, bits);
  return seen && settings.closed_form ? border : torch::zeros_like(border);
}

}  // namespace

void QuantizeByElement(ActPlacement placement, const Graph& teacher, QuantizedNetwork& network) {
  if (placement != ActPlacement::kOpInput) {
    Fail(ErrorKind::kUsage,
         "rounding borders by element need quantizers in front of operators: set the protocol "
         "field act_placement to op_input, or take borders by channel");
  }
  for (QuantizedActivation& activation : network.activations())
    activation.site.by_element = WeightedReaders(teacher, activation.site);
}

void BeginBorders(const BorderSettings& settings, const Graph& teacher, const Unit& unit,
                  const std::vector<size_t>& sites, QuantizedNetwork& network) {
  for (const size_t i : sites) {
    QuantizedActivation& activation = network.activations()[i];
    const std::vector<int> readers = WeightedReaders(teacher, activation.site);
    const bool done = !activation.borders.empty();
    if (done || readers.empty() || activation.site.bits == kPassThroughBits) continue;
    const auto first = [&](const std::vector<int>& of) {
      return FirstBorder(settings, teacher, unit, of, activation.site.bits, network);
    };
    if (settings.rows == BorderRows::kChannel) {
      activation.borders[kEveryReader] = first(readers);
    } else {
      for (const int reader : readers) activation.borders[reader] = first({reader});
    }
  }
}

}  // namespace zerosweep
