#include "engine/export/exported_network.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "engine/quant/site_hooks.h"

namespace zerosweep {
namespace {

constexpr int kMostInteger = 127;  // also of its negative
constexpr int kMostCode = 255;
constexpr double kMostBias = 1 << 30;  // in steps

// A range that was read behind quantized tensors ends at a sum of their steps, so that half of that
// sum, a sixth … lies exactly between two codes, and runtimes round such ties differently. Steps
// that are a little larger, neighbours by different shares, have no such ties.
double OffTies(size_t site) {
  constexpr double kShare = 1.0 / 16384;
  constexpr size_t kShares = 7;
  return 1 + kShare * static_cast<double>(1 + site % kShares);
}

// Throws kUsage unless they are whole numbers.
void RequireWhole(const torch::Tensor& offset, const std::string& name) {
  if (!torch::equal(offset, torch::round(offset)))
    Fail(ErrorKind::kUsage, "'{}' has a zero point that is no integer: no runtime has such a grid",
         name);
}

// What a weighted node is before its bias is rounded; everything in float64.
struct Layer {
  torch::Tensor integers;  // undefined: in full precision
  torch::Tensor step;      // (O), positive
  torch::Tensor bias;      // (O); undefined: none
};

torch::Tensor WideOrNone(const Node& node, const char* name) {
  const torch::Tensor found = Parameter(node, name);
  return found.defined() ? found.to(torch::kFloat64) : found;
}

Layer LayerOf(const Node& node, const QuantizedWeight& weight) {
  Layer layer{.bias = WideOrNone(node, "bias")};
  if (!weight.codes.defined()) return layer;
  RequireWhole(weight.grid.offset, node.name);
  layer.integers = weight.codes.to(torch::kFloat64) +
                   AlongChannels(weight.grid.offset.to(torch::kFloat64), weight.codes);
  layer.step = (1 / weight.grid.inverse_scale.to(torch::kFloat64)).expand(weight.codes.size(0));
  return layer;
}

// Folds a batch norm (engine/graph/fold.cc) into the steps and the bias. A channel with γ = 0 gets
// integers 0; its step stays, for the bias.
void Fold(const Node& norm, Layer& layer) {
  const double eps = norm.attributes.at("eps").get<double>();
  const torch::Tensor scale =
      WideOrNone(norm, "weight") / torch::sqrt(WideOrNone(norm, "running_var") + eps);
  const torch::Tensor bias = layer.bias.defined() ? layer.bias : torch::zeros_like(scale);
  layer.bias = (bias - WideOrNone(norm, "running_mean")) * scale + WideOrNone(norm, "bias");
  layer.integers = layer.integers * AlongChannels(scale.sign(), layer.integers);
  layer.step = torch::where(scale == 0, layer.step, layer.step * scale.abs());
}

void RequireInt8(const Node& node, const torch::Tensor& integers) {
  const torch::Tensor largest = integers.flatten(1).abs().amax(1);
  const int64_t channel = largest.argmax().item<int64_t>();
  const auto most = largest[channel].item<int64_t>();
  if (most > kMostInteger)
    Fail(ErrorKind::kUsage,
         "'{}': integer {} in channel {} leaves int8 (±{}), as those of asymmetric grids do: "
         "quantize with protocol deploy, or with w_grid: symmetric_per_channel",
         node.name, most, channel, kMostInteger);
}

// Rounds the bias to steps of s_x·s_w, in float32 as a runtime multiplies them; a step for which
// the bias would be beyond kMostBias is raised, and the integers are rounded to it.
void RoundBias(float input_step, Layer& layer, ExportedWeight& exported) {
  const torch::Tensor least = layer.bias.abs() / (double{input_step} * kMostBias);
  const torch::Tensor raised = layer.step < least;
  exported.raised_steps = raised.sum().item<int64_t>();
  if (exported.raised_steps > 0) {
    const torch::Tensor step = torch::where(raised, least, layer.step);
    layer.integers =
        torch::round(layer.integers * AlongChannels(layer.step / step, layer.integers));
    layer.step = step;
  }
  exported.step = layer.step.to(torch::kFloat32);
  const torch::Tensor unit = exported.step * input_step;
  exported.bias = torch::round(layer.bias / unit.to(torch::kFloat64)).to(torch::kInt32);
  layer.bias = exported.bias.to(torch::kFloat32) * unit;
}

ExportedActivation ActivationOf(const QuantizedActivation& activation, size_t index,
                                const std::string& name) {
  if (!activation.borders.empty())
    Fail(ErrorKind::kUsage,
         "the rounding borders of '{}' are no grid: ONNX rounds to the nearest code (quantize with "
         "another method than AQuant)",
         name);
  const UniformGrid& grid = activation.grid;
  if (grid.pass_through() || grid.inverse_scale.dim() != 0)
    Fail(ErrorKind::kUsage, "'{}' has no grid for its whole tensor", name);
  RequireWhole(grid.offset, name);
  ExportedActivation exported{.site = activation.site};
  exported.step = static_cast<float>(OffTies(index) / grid.inverse_scale.item<double>());
  const auto zero_point = -grid.low() - grid.offset.item<int64_t>();
  const int top = grid.high() - grid.low();
  // Codes of fewer than 8 bits may lie higher, so that the zero point is one of 0 … 255.
  const int64_t shift = std::clamp(zero_point, int64_t{0}, int64_t{kMostCode}) - zero_point;
  if (shift < 0 || shift + top > kMostCode)
    Fail(ErrorKind::kUsage,
         "'{}' has zero point {}, which does not fit into 8 bits, as its range leaves out 0: "
         "quantize "
         "with protocol deploy, or with act_grid: asymmetric_with_zero_per_tensor",
         name, zero_point);
  exported.zero_point = static_cast<int>(zero_point + shift);
  exported.low = static_cast<int>(shift);
  exported.high = exported.low + top;
  return exported;
}

}  // namespace

torch::Tensor CodesOf(const ExportedActivation& activation, const torch::Tensor& x) {
  const torch::NoGradGuard no_grad;
  torch::Tensor q = torch::div(x, activation.step).round_();
  return q.add_(activation.zero_point).clamp_(activation.low, activation.high);
}

torch::Tensor Quantize(const ExportedActivation& activation, const torch::Tensor& x) {
  const torch::NoGradGuard no_grad;
  return CodesOf(activation, x).sub_(activation.zero_point).mul_(activation.step);
}

std::pair<int, int> CodesWithin(const ExportedActivation& activation, double low, double high) {
  // As QuantizeLinear rounds in float32; the infinite lie beyond all codes.
  const auto code = [&](double value) {
    constexpr float kBeyond = 4 * (kMostCode + 1);
    const float steps = std::nearbyint(static_cast<float>(value) / activation.step);
    return static_cast<int>(std::clamp(steps, -kBeyond, kBeyond)) + activation.zero_point;
  };
  return {std::max(activation.low, code(low)), std::min(activation.high, code(high))};
}

ExportedNetwork::ExportedNetwork(const QuantizedNetwork& network) {
  const torch::NoGradGuard no_grad;
  const Graph& full = network.graph();
  const std::map<int, int> norms = FoldableNorms(full);
  std::map<int, int> norm_of;  // by weighted node with codes
  std::map<int, int> folded;
  for (const auto& [norm, producer] : norms) {
    if (network.weights().at(producer).grid.pass_through()) continue;
    norm_of[producer] = norm;
    folded[norm] = producer;
  }
  ShortGraph shorter = WithoutNodes(full, folded);
  graph_ = std::move(shorter.graph);
  TakeActivations(network, shorter.moved);
  const std::vector<ActivationSite> sites = Sites();
  for (const auto& [old, weight] : network.weights()) {
    const int place = shorter.moved[old];
    Node& node = graph_.nodes[place];
    Layer layer = LayerOf(node, weight);
    ExportedWeight exported{.input = InputSite(graph_, sites, place)};
    if (layer.integers.defined()) {
      if (const auto norm = norm_of.find(old); norm != norm_of.end())
        Fold(full.nodes[norm->second], layer);
      RequireInt8(node, layer.integers);
      exported.step = layer.step.to(torch::kFloat32);
      if (exported.input && layer.bias.defined())
        RoundBias(activations_[*exported.input].step, layer, exported);
      exported.integers = layer.integers.to(torch::kInt8);
      const torch::Tensor value =
          layer.integers.to(torch::kFloat32) * AlongChannels(exported.step, layer.integers);
      node.parameters["weight"] =
          value.dim() == 4 ? value.contiguous(at::MemoryFormat::ChannelsLast) : value;
      if (layer.bias.defined()) node.parameters["bias"] = layer.bias.to(torch::kFloat32);
    }
    weights_.emplace(place, std::move(exported));
  }
}

void ExportedNetwork::TakeActivations(const QuantizedNetwork& network,
                                      const std::vector<int>& moved) {
  const auto move_all = [&](std::vector<int>& nodes) {
    for (int& node : nodes) node = moved[node];
  };
  for (const QuantizedActivation& activation : network.activations()) {
    if (activation.site.bits == kPassThroughBits) continue;
    const std::string& name = network.graph().nodes[activation.site.node].name;
    ExportedActivation exported = ActivationOf(activation, activations_.size(), name);
    ActivationSite& site = exported.site;
    site.node = moved[site.node];
    move_all(site.exempt);
    move_all(site.by_element);
    if (site.only) site.only = moved[*site.only];
    activations_.push_back(std::move(exported));
  }
}

std::vector<ActivationSite> ExportedNetwork::Sites() const {
  std::vector<ActivationSite> sites;
  for (const ExportedActivation& activation : activations_) sites.push_back(activation.site);
  return sites;
}

torch::Tensor ExportedNetwork::Forward(const torch::Tensor& x, const Observe& observe) const {
  const torch::NoGradGuard no_grad;
  const std::vector<ActivationSite> sites = Sites();
  const SiteHooks quantizers(graph_, sites, [&](size_t site, int, const torch::Tensor& tensor) {
    if (observe) observe(site, tensor);
    return Quantize(activations_[site], tensor);
  });
  return Run(graph_, x, quantizers.hooks());
}

}  // namespace zerosweep
