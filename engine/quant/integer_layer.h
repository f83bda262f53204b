// A quantized convolution or linear layer, computed with integers.
//
// With codes u of the input, whose zero point is v, and w = q + z of the weight (number_format.h):
//
//   y[o] = Σ (u − v) · w[o] / (S_x · S_w[o]) + bias[o]
//   Σ (u − v) · w[o] = Σ (u − v) · (w[o] − r[o]) + r[o] · Σ (u − v)
//
// oneDNN is exact for int8 weights whose own zero point is 0. So r[o] is the smallest shift that
// brings the channel into int8, and no number has 9 bits. Up to 7 bits r is 0 if the range of the
// channel holds 0. Where some r is not 0, another product, with ones, gives Σ (u − v) of every
// window; padding is u = v, so that it adds nothing to either sum.
#pragma once

#include <optional>

#include "engine/quant/integer_product.h"
#include "engine/quant/quantized_network.h"

namespace zerosweep {

// The scale of a grid's codes when they count from 0. Throws kUsage, naming `node`, for a zero point
// that is no integer.
CodeScale CodeScaleOf(const UniformGrid& grid, const Node& node);

// What stands between a convolution and the next codes, each but the grid if it is there: a batch
// norm, the addition of a tensor that is codes, an activation.
struct IntegerTail {
  const Node* norm = nullptr;
  const UniformGrid* added = nullptr;
  const Node* activation = nullptr;  // kRelu or kRelu6
  const UniformGrid* output = nullptr;
};

class IntegerLayer {
 public:
  // `node`: a convolution or linear layer; `weight`: its codes; `input`: the grid, one for the whole
  // tensor, of what it reads. Throws kUsage for zero points that are no integers, for sums that
  // could leave 32 bits, and on a CPU whose sums are not exact.
  IntegerLayer(const Node& node, const QuantizedWeight& weight, const UniformGrid& input);
  // The same with a tail, computed in one pass. REQUIRES: a convolution that has no shifts.
  IntegerLayer(const Node& node, const QuantizedWeight& weight, const UniformGrid& input,
               const IntegerTail& tail);

  // codes: uint8 from 0 on (EncodeSpan), N×C×H×W or N×I; added: codes too, in the output's shape,
  // if there is a tail that adds them. Returns the output in float32, or the tail's codes.
  torch::Tensor Run(const torch::Tensor& codes, const torch::Tensor& added = {}) const;

  bool shifts() const { return windows_.has_value(); }  // whether some r is not 0

 private:
  struct Ending {
    CodeScale output;
    double low, high;  // of the values
    std::optional<CodeScale> added;
    bool positive;
    int64_t last;  // code
  };
  static Ending EndingOf(const IntegerTail& tail, const Node& node);

  std::optional<IntegerProduct> product_;
  std::optional<IntegerProduct> windows_;  // Σ (u − v) / S_x for each group
  torch::Tensor shift_;                    // r / S_w, groups × outputs of a group
  std::optional<Ending> ending_;
};

}  // namespace zerosweep
