// The exported form of a quantized network: what a runtime computes with integers, and the file says.
//
//   weights      ŵ = s_w[o]·q, q in int8 (zero point 0), per output channel; batch norms folded
//   biases       b̂ = s_x·s_w[o]·b, b in int32, where the input is quantized; float32 elsewhere
//   activations  x̂ = s·(clamp(round(x / s) + z, low, high) − z), 0 ≤ z, low, high ≤ 255, ties to even
//
// ONNX's QuantizeLinear and DequantizeLinear (opset 21). Folding a batch norm multiplies the steps of
// the channels, so that integers stay as they are; a negative γ negates them. The steps of
// activations are larger than the trial's by up to 0.04 %, off the ties between codes. All this makes
// it another network than the one in the papers' form (docs/protocol.md, "Exported form").
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/quant/quantized_network.h"

namespace zerosweep {

struct ExportedWeight {
  torch::Tensor integers;       // int8, shape of the weight; undefined: in full precision
  torch::Tensor step;           // s_w, float32, (O)
  torch::Tensor bias;           // int32, (O); undefined: in float32, or none
  std::optional<size_t> input;  // the site that quantizes what it reads
  int64_t raised_steps = 0;     // channels whose step was raised so that the bias fits
};

struct ExportedActivation {
  ActivationSite site;  // of the exported graph
  float step = 1;
  int zero_point = 0, low = 0, high = 255;
};

class ExportedNetwork {
 public:
  // Throws kUsage, naming the operator and the channel, for what has no such form: weights whose
  // integers leave int8, rounding by learned borders, zero points that are no integers or do not
  // fit into 8 bits, and activations without a grid.
  explicit ExportedNetwork(const QuantizedNetwork& network);

  // Batch norms are folded; weights and biases are the values that the integers stand for.
  const Graph& graph() const { return graph_; }
  const std::map<int, ExportedWeight>& weights() const { return weights_; }  // by weighted node
  const std::vector<ExportedActivation>& activations() const { return activations_; }
  std::vector<ActivationSite> Sites() const;  // those of activations(), in their order

  // Receives the tensor at activations()[site] before it is quantized.
  using Observe = std::function<void(size_t site, const torch::Tensor&)>;
  // Returns the logits of x. No gradient. `observe` may be empty.
  torch::Tensor Forward(const torch::Tensor& x, const Observe& observe = {}) const;

 private:
  void TakeActivations(const QuantizedNetwork& network, const std::vector<int>& moved);

  Graph graph_;
  std::map<int, ExportedWeight> weights_;
  std::vector<ExportedActivation> activations_;
};

// The nearest code of each element, as ONNX's QuantizeLinear and Clip compute it: float32 of whole
// numbers. And its value, as DequantizeLinear computes it.
torch::Tensor CodesOf(const ExportedActivation& activation, const torch::Tensor& x);
torch::Tensor Quantize(const ExportedActivation& activation, const torch::Tensor& x);

// The least and the largest code of values that were clipped to [low, high], perhaps infinite,
// before they were quantized.
std::pair<int, int> CodesWithin(const ExportedActivation& activation, double low, double high);

}  // namespace zerosweep
