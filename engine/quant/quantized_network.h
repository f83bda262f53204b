// A quantized network: integer weight codes with their grids, and activation quantizers at their
// sites.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/graph/executor.h"
#include "engine/graph/teacher.h"
#include "engine/quant/number_format.h"
#include "engine/quant/protocol.h"

namespace zerosweep {

struct QuantizedWeight {
  torch::Tensor codes;  // int8, shape of the weight; undefined when the grid passes through
  UniformGrid grid;     // per output channel
};

struct QuantizedActivation {
  ActivationSite site;
  UniformGrid grid;  // per tensor; pass-through until it is set
  // Learned rounding borders (kernels/border_quantizer.h), 3×R: for the whole tensor under
  // kEveryReader, or for the columns of one reader under its node. Without a border, rounding is to
  // nearest.
  std::map<int, torch::Tensor> borders = {};

  // Whether rounding is to nearest, on one grid for the whole tensor.
  bool NearestOnOneGrid() const { return borders.empty() && ForWholeTensor(grid); }
};

// The name of a site in files: "relu1.output", "chunk.output1", "relu1.output.for.add".
std::string SiteKey(const Graph& graph, const ActivationSite& site);

// Quantizes the site's tensor as its readers see it, or the columns of one of its readers. No
// gradient. With `overwrite` the result may take the place of the tensor.
torch::Tensor Quantize(const QuantizedActivation& activation, int reader,
                       const torch::Tensor& tensor, bool overwrite = false);

// Chooses the grid of one weight, per output channel, for the given bits.
using WeightGrid = std::function<UniformGrid(const torch::Tensor& weight, int bits)>;

// From minimum to maximum of each output channel, or symmetric, as the protocol has its grids.
WeightGrid MinMaxGrid(const Protocol& protocol);

// Built in two steps: weights at construction, activation grids by a quantizer afterwards.
class QuantizedNetwork {
 public:
  // Rounds the weights of `teacher` to the nearest codes of their grids, those of MinMaxGrid unless
  // others are given, and places activation quantizers without grids.
  QuantizedNetwork(const Teacher& teacher, const QuantizationSetting& setting,
                   const WeightGrid& grid = {});

  const Graph& graph() const { return graph_; }  // with dequantized weights
  std::vector<QuantizedActivation>& activations() { return activations_; }
  const std::vector<QuantizedActivation>& activations() const { return activations_; }
  std::vector<ActivationSite> Sites() const;  // those of activations(), in their order
  const std::map<int, QuantizedWeight>& weights() const { return weights_; }
  int w_bits() const { return w_bits_; }  // 0: differs by op, see weights()
  int a_bits() const { return a_bits_; }

  // Replaces the codes and grid of a weighted node.
  void SetWeight(int node, QuantizedWeight weight);
  // Replaces a parameter that has no codes (a bias, or one of a batch norm). Parameters that are
  // not replaced remain the teacher's.
  void SetParameter(int node, const std::string& name, torch::Tensor value);

  // Receives a site's tensor before it is quantized, and may set its grid; deeper sites then see
  // quantized inputs.
  using Observe = std::function<void(size_t site, const torch::Tensor&)>;
  // Returns the logits of x. Every activation quantizer that has a grid is active. `observe` may be
  // empty.
  torch::Tensor Forward(const torch::Tensor& x, const Observe& observe = {}) const;

  // Returns the bytes of the weights of convolutions and linear layers at their bits: the "model
  // size" of the papers' tables.
  double WeightBytes() const;
  // Σ over weighted ops of MACs · weight bits · bits of the input tensor (32 if it is not
  // quantized).
  double BitOps() const;

  // Codes and grids by name: Save writes them, and LoadState reads them. The inverse scale of a grid
  // is called "scale" there and its offset "zero_point", as ever since format 1 (docs/formats.md).
  // LoadState throws kStorage when they belong to another network.
  std::map<std::string, torch::Tensor> State() const;
  void LoadState(const std::map<std::string, torch::Tensor>& tensors);

  // Writes quantized.safetensors and quantized.json into `folder`. Parameters of the teacher are
  // not saved again.
  void Save(const std::filesystem::path& folder) const;
  static QuantizedNetwork Load(const Teacher& teacher, const std::filesystem::path& folder);

 private:
  QuantizedNetwork() = default;
  void Decode(int node);

  Graph graph_;
  bool folded_ = false;
  int w_bits_ = 0, a_bits_ = 0;
  std::map<int, QuantizedWeight> weights_;  // by node index
  std::vector<QuantizedActivation> activations_;
  std::set<std::pair<int, std::string>> own_;  // parameters that are not the teacher's, by node
};

}  // namespace zerosweep
