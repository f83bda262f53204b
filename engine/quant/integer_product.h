// Products of 8-bit codes, summed in 32 bits by oneDNN: the operators of a convolution and of a
// linear layer on integers.
#pragma once

#include <torch/types.h>

#include <vector>

#include "engine/graph/graph.h"

namespace zerosweep {

// What a code u stands for: (u − zero) · step. The codes are 0 … last.
struct CodeScale {
  double step = 1;
  int64_t zero = 0;
  int64_t last = 255;
};

// y[o] = step · scale[o] · Σ (u − zero) · w[o] + bias[o]. The sum is exact, and then rounded as
// float32 is.
class IntegerProduct {
 public:
  // `node`: the convolution or linear layer whose shape it has; its weight is not read. weight:
  // int8, O×I/g×kh×kw or O×I, which is packed here; scale: (O); bias: (O), or undefined. Throws
  // kUsage on a CPU whose sums are not exact.
  IntegerProduct(const Node& node, const torch::Tensor& weight, const CodeScale& input,
                 const torch::Tensor& scale, const torch::Tensor& bias);

  // codes: uint8, N×C×H×W or N×I. Returns y in float32; of a convolution in channels-last memory.
  torch::Tensor Of(const torch::Tensor& codes) const;
  // The codes that are nearest to y, of which nothing is below `low` or above `high`. REQUIRES: a
  // convolution.
  torch::Tensor CodesOf(const torch::Tensor& codes, const CodeScale& output, double low,
                        double high) const;
  // The same of y plus the values of `added`, uint8 in y's shape, which may be overwritten;
  // `positive`: nothing is below 0.
  torch::Tensor CodesOfSum(const torch::Tensor& codes, const torch::Tensor& added,
                           const CodeScale& of_added, const CodeScale& output, bool positive) const;

  // Whether this CPU's sums are exact. Without VNNI, oneDNN adds products in 16 bits, which saturate.
  static bool Exact();

 private:
  struct Unchecked {};
  IntegerProduct(Unchecked, const Node& node, const torch::Tensor& weight, const CodeScale& input,
                 const torch::Tensor& scale, const torch::Tensor& bias);
  static bool AllExact();
  static bool ExactOn(const Node& node, at::IntArrayRef weight, at::IntArrayRef codes);

  bool convolution_;
  std::vector<int64_t> stride_, padding_, dilation_;
  int64_t groups_;
  CodeScale input_;
  torch::Tensor weight_, scale_, zero_points_, bias_;
};

}  // namespace zerosweep
