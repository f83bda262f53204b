// A quantized network: integer weight codes with their grids, and activation quantizers at their
// sites.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/graph/executor.h"
#include "engine/quant/number_format.h"
#include "engine/quant/protocol.h"
#include "engine/teacher.h"

namespace zerosweep {

struct QuantizedWeight {
  torch::Tensor codes;  // int8, shape of the weight; undefined when the grid passes through
  UniformGrid grid;     // per output channel
};

struct QuantizedActivation {
  ActSite site;
  torch::Tensor lo, hi;  // float32 scalars: the range the grid was made from
  UniformGrid grid;      // per tensor
};

// Built in two steps: weights at construction, activation ranges by a quantizer afterwards.
class QuantizedNetwork {
 public:
  // Quantizes the weights of `teacher` per output channel on minimum and maximum, as `protocol`
  // says; places activation quantizers without a range. BN is folded first when `fold` is set.
  QuantizedNetwork(const Teacher& teacher, const Protocol& protocol, bool fold,
                   const WeightBitWidths& w_bits, int a_bits);

  const Graph& graph() const { return graph_; }  // with dequantized weights
  std::vector<QuantizedActivation>& activations() { return activations_; }
  const std::vector<QuantizedActivation>& activations() const { return activations_; }
  const std::map<int, QuantizedWeight>& weights() const { return weights_; }
  int w_bits() const { return w_bits_; }  // 0: op by op, see weights()
  int a_bits() const { return a_bits_; }

  // Sets a range and its grid. lo, hi: float32 scalars.
  void SetRange(QuantizedActivation& activation, const torch::Tensor& lo,
                const torch::Tensor& hi) const;

  // Logits of x, with every activation quantizer that has a range in force. `observe` (may be
  // empty) sees each site's tensor before it is quantized and may set its range: deeper sites then
  // see quantized inputs.
  torch::Tensor Forward(
      const torch::Tensor& x,
      const std::function<void(size_t site, const torch::Tensor&)>& observe = {}) const;

  // Bytes of the weights of convolutions and linear layers at their bits: the "model size" of the
  // papers' tables.
  double WeightBytes() const;
  // Σ over weighted ops of MACs · weight bits · bits of the tensor they read (32 where none is
  // quantized).
  double BitOps() const;

  // quantized.safetensors + quantized.json in `folder`; the teacher's other parameters stay with
  // the teacher.
  void Save(const std::filesystem::path& folder) const;
  static QuantizedNetwork Load(const Teacher& teacher, const std::filesystem::path& folder);

 private:
  QuantizedNetwork() = default;
  void DecodeWeights();

  Graph graph_;
  bool folded_ = false;
  int w_bits_ = 0, a_bits_ = 0;
  std::map<int, QuantizedWeight> weights_;  // by node index
  std::vector<QuantizedActivation> activations_;
};

}  // namespace zerosweep
