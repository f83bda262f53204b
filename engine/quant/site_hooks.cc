#include "engine/quant/site_hooks.h"

#include <utility>

namespace zerosweep {

ActivationSite SiteInside(const ActivationSite& site, const Subgraph& part) {
  const auto local = [&](int node) { return part.local[node]; };
  const auto inside = [&](const std::vector<int>& readers) {
    std::vector<int> locals;
    for (const int reader : readers) {
      if (local(reader) >= 0) locals.push_back(local(reader));
    }
    return locals;
  };
  const bool at_input = site.value() == part.from;
  return {local(site.node),        site.bits,
          inside(site.exempt),     at_input ? 0 : site.output,
          inside(site.by_element), site.only ? std::optional(local(*site.only)) : std::nullopt};
}

SiteHooks::SiteHooks(const Graph& graph, const std::vector<ActivationSite>& sites,
                     Quantize quantize, bool each_reader)
    : graph_(graph), sites_(sites), quantize_(std::move(quantize)), each_reader_(each_reader) {
  for (size_t i = 0; i < sites.size(); ++i) {
    if (sites[i].only) {
      own_site_of_[{*sites[i].only, sites[i].value()}] = i;
      continue;
    }
    const Value value = sites[i].value();
    hooks_.replace_output[value] = [this, i](const torch::Tensor& output) {
      return Output(i, output);
    };
    for (const int reader : sites[i].by_element) {
      hooks_.replace_columns[reader] = [this, i, reader](const torch::Tensor& columns) {
        return quantize_(i, reader, columns);
      };
    }
    if (!NeedsRawTensor(sites[i])) continue;
    for (const int reader : graph.Users(value.node)) {
      const std::vector<Value>& inputs = graph.nodes[reader].inputs;
      const bool exempt = sites[i].Exempts(reader) || sites[i].ByElement(reader);
      for (size_t k = 0; k < inputs.size(); ++k) {
        if (inputs[k] != value || (!exempt && !each_reader)) continue;
        hooks_.replace_input[{reader, static_cast<int>(k)}] =
            [this, i, reader, exempt](const torch::Tensor&) { return Input(i, reader, exempt); };
      }
    }
  }
}

void SiteHooks::OnGrid(size_t site, const FakeGrid& grid) {
  if (sites_[site].only || NeedsRawTensor(sites_[site])) return;
  hooks_.replace_output.erase(sites_[site].value());
  hooks_.fake_quantize.emplace(sites_[site].value(), grid);
}

bool SiteHooks::NeedsRawTensor(const ActivationSite& site) const {
  return each_reader_ || !site.exempt.empty() || !site.by_element.empty();
}

torch::Tensor SiteHooks::Output(size_t site, const torch::Tensor& output) {
  const Value value = sites_[site].value();
  if (NeedsRawTensor(sites_[site])) unquantized_[value] = output;
  if (each_reader_ && value != graph_.output) return output;
  return quantize_(site, kEveryReader, output);
}

torch::Tensor SiteHooks::Input(size_t site, int reader, bool exempt) const {
  const Value value = sites_[site].value();
  const torch::Tensor tensor = unquantized_.at(value);  // shared: later readers need it as it is
  if (!exempt) return quantize_(site, reader, tensor);
  const auto own = own_site_of_.find({reader, value});
  return own == own_site_of_.end() ? tensor : quantize_(own->second, kEveryReader, tensor);
}

}  // namespace zerosweep
