#include "engine/reconstruction/soft_unit.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "engine/kernels/border_quantizer.h"
#include "engine/quant/range_estimation.h"
#include "engine/quant/site_hooks.h"

namespace zerosweep {
namespace {

constexpr double kSmallestStep = 1e-8;

}  // namespace

std::vector<size_t> SitesOf(const QuantizedNetwork& network, const Unit& unit,
                            ActPlacement placement) {
  const bool in_front = placement == ActPlacement::kOpInput;
  std::vector<int> nodes = unit.nodes;
  if (in_front) {
    std::erase(nodes, unit.output.node);
  }
  std::vector<size_t> sites;
  for (size_t i = 0; i < network.activations().size(); ++i) {
    const ActivationSite& site = network.activations()[i].site;
    const bool inside = std::find(nodes.begin(), nodes.end(), site.node) != nodes.end();
    if (inside || (in_front && site.value() == unit.input)) sites.push_back(i);
  }
  return sites;
}

SoftUnit::SoftUnit(const QuantizedNetwork& network, const Graph& full_precision, const Unit& unit,
                   const std::vector<size_t>& sites, const SoftUnitSettings& settings)
    : part_(Extract(network.graph(), unit.input, unit.output)), settings_(settings) {
  for (size_t local = 0; local < part_.original.size(); ++local) {
    const int node = part_.original[local];
    const auto found = network.weights().find(node);
    if (local == 0 || found == network.weights().end() || !settings.learn_rounding) continue;
    if (found->second.grid.pass_through()) continue;
    const Node& teacher = full_precision.nodes[node];
    weights_.emplace(static_cast<int>(local),
                     SoftWeight(teacher.parameters.at("weight"), found->second.grid,
                                settings.learn_weight_steps));
  }
  if (!settings.quantize_activations) return;
  for (const size_t site : sites) {
    const QuantizedActivation& activation = network.activations()[site];
    if (activation.site.bits == kPassThroughBits) continue;
    if (activation.grid.pass_through())
      Fail(ErrorKind::kInternal, "unit {}: a site has no grid yet", unit.name);
    torch::Tensor step = StepOf(activation.grid).clone();
    step.set_requires_grad(settings.learn_act_steps);
    std::map<int, torch::Tensor> borders;
    for (const auto& [reader, border] : activation.borders) {
      const int local = reader == kEveryReader ? reader : part_.local[static_cast<size_t>(reader)];
      if (reader != kEveryReader && local < 0) continue;  // it belongs to another unit
      borders[local] = border.clone().set_requires_grad(settings.learn_borders);
    }
    sites_.push_back(SiteInside(activation.site, part_));
    activations_.push_back({site, activation.site.bits,
                            ZeroPointOf(activation.grid).to(torch::kInt32).item<int>(), step,
                            std::move(borders)});
  }
}

const torch::Tensor* SoftUnit::Activation::BorderFor(int reader) const {
  auto found = borders.find(reader);
  if (found == borders.end()) found = borders.find(kEveryReader);
  return found == borders.end() ? nullptr : &found->second;
}

SoftUnit::Weights SoftUnit::Round(std::optional<double> b) const {
  Weights weights;
  for (const auto& [node, weight] : weights_) {
    SoftRounding rounding = weight.Soft(b);
    weights.soft[node] = std::move(rounding.weight);
    if (b) weights.losses.push_back(std::move(rounding.loss));
  }
  return weights;
}

torch::Tensor SoftUnit::Forward(const torch::Tensor& x, const Weights& weights,
                                const Keep& keep) const {
  const auto quantize = [&](size_t i, int reader, const torch::Tensor& tensor) {
    const Activation& activation = activations_[i];
    const torch::Tensor step = activation.step.abs().clamp_min(kSmallestStep);
    const torch::Tensor mask = keep ? keep(i, reader, tensor) : torch::Tensor();
    if (const torch::Tensor* border = activation.BorderFor(reader)) {
      return BorderQuantize(tensor, step, *border, activation.zero_point, activation.bits, mask);
    }
    return LearnedQuantize(tensor, step, activation.zero_point, activation.bits,
                           settings_.step_gradient, mask);
  };
  SiteHooks quantizers(part_.graph, sites_, quantize, settings_.mask_each_reader);
  quantizers.hooks().replace_weight = [&](int node, const torch::Tensor& weight) {
    const auto found = weights.soft.find(node);
    return found == weights.soft.end() ? weight : found->second;
  };
  return Run(part_.graph, x, quantizers.hooks());
}

void SoftUnit::Store(QuantizedNetwork& network) const {
  for (const auto& [node, weight] : weights_)
    network.SetWeight(part_.original[static_cast<size_t>(node)], weight.Harden());
  for (const Activation& activation : activations_) {
    const torch::Tensor step = activation.step.detach().abs().clamp_min(kSmallestStep);
    network.activations()[activation.site].grid =
        GridFromStep(step, torch::full_like(step, activation.zero_point), activation.bits);
    for (const auto& [local, border] : activation.borders) {
      const int reader = local == kEveryReader ? local : part_.original[static_cast<size_t>(local)];
      network.activations()[activation.site].borders[reader] = border.detach();
    }
  }
}

std::vector<torch::Tensor> SoftUnit::RoundingParameters() const {
  std::vector<torch::Tensor> parameters;
  for (const auto& [node, weight] : weights_) parameters.push_back(weight.v());
  return parameters;
}

std::vector<torch::Tensor> SoftUnit::WeightSteps() const {
  std::vector<torch::Tensor> parameters;
  if (!settings_.learn_weight_steps) return parameters;
  for (const auto& [node, weight] : weights_) parameters.push_back(weight.step());
  return parameters;
}

std::vector<torch::Tensor> SoftUnit::ActSteps() const {
  std::vector<torch::Tensor> parameters;
  if (!settings_.learn_act_steps) return parameters;
  for (const Activation& activation : activations_) parameters.push_back(activation.step);
  return parameters;
}

std::vector<torch::Tensor> SoftUnit::Borders() const {
  std::vector<torch::Tensor> parameters;
  if (!settings_.learn_borders) return parameters;
  for (const Activation& activation : activations_)
    for (const auto& [reader, border] : activation.borders) parameters.push_back(border);
  return parameters;
}

bool SoftUnit::NothingToLearn() const {
  return RoundingParameters().empty() && WeightSteps().empty() && ActSteps().empty() &&
         Borders().empty();
}

double SoftUnit::SoftShare() const {
  int64_t soft = 0, all = 0;
  for (const auto& [node, weight] : weights_) {
    soft += weight.SoftCount();
    all += weight.v().numel();
  }
  return all == 0 ? 0 : static_cast<double>(soft) / static_cast<double>(all);
}

}  // namespace zerosweep
