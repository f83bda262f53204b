#include "engine/quant/site_hooks.h"

#include <algorithm>
#include <utility>

namespace zerosweep {
namespace {

bool Contains(const std::vector<int>& nodes, int node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

}  // namespace

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
  bool unquantized = false;
  for (size_t i = 0; i < sites.size(); ++i) {
    if (sites[i].only) {
      own_site_of_[{*sites[i].only, sites[i].value()}] = i;
      continue;
    }
    site_of_[sites[i].value()] = i;
    unquantized = unquantized || NeedsRawTensor(sites[i]);
    for (const int reader : sites[i].by_element) {
      hooks_.replace_columns[reader] = [this, i, reader](const torch::Tensor& columns) {
        return quantize_(i, reader, columns);
      };
    }
  }
  hooks_.replace_output = [this](int node, const torch::Tensor& output) {
    return Output({node, 0}, output);
  };
  hooks_.replace_part = [this](Value part, const torch::Tensor& output) {
    return Output(part, output);
  };
  if (!unquantized) return;
  hooks_.replace_input = [this](int node, int index, const torch::Tensor& input) {
    return Input(node, index, input);
  };
}

bool SiteHooks::NeedsRawTensor(const ActivationSite& site) const {
  return each_reader_ || !site.exempt.empty() || !site.by_element.empty();
}

torch::Tensor SiteHooks::Output(Value value, const torch::Tensor& output) {
  const auto site = site_of_.find(value);
  if (site == site_of_.end()) return output;
  if (NeedsRawTensor(sites_[site->second])) unquantized_[value] = output;
  if (each_reader_ && value != graph_.output) return output;
  return quantize_(site->second, kEveryReader, output);
}

torch::Tensor SiteHooks::Input(int node, int index, const torch::Tensor& input) const {
  const Value source = graph_.nodes[node].inputs[index];
  const auto site = site_of_.find(source);
  if (site == site_of_.end()) return input;
  const ActivationSite& at = sites_[site->second];
  const bool exempt = Contains(at.exempt, node) || Contains(at.by_element, node);
  if (!exempt && !each_reader_) return input;
  const torch::Tensor& tensor = unquantized_.at(source);
  if (!exempt) return quantize_(site->second, node, tensor);
  const auto own = own_site_of_.find({node, source});
  return own == own_site_of_.end() ? tensor : quantize_(own->second, kEveryReader, tensor);
}

}  // namespace zerosweep
