// The operators of a network, in one table. A new one is its enumerator, its row and its kernel.
#pragma once

#include <torch/types.h>

#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace zerosweep {

struct Node;

// Shapes begin with the batch, N, which no operator moves. Attributes are those of a Node; a pair is
// one number for both dimensions or [vertical, horizontal].
enum class Op {
  kInput,      // the image batch, N×C×H×W
  kConv2d,     // weight O×I/g×kh×kw, optional bias O; pairs stride, padding, dilation; groups
  kLinear,     // weight O×I, optional bias O; multiplies the last dimension
  kBatchNorm,  // weight, bias, running_mean, running_var (C); eps. Channels are dimension 1

  kRelu,
  kRelu6,
  kLeakyRelu,    // slope
  kPRelu,        // parameter weight: C slopes, or one
  kElu,          // alpha
  kClip,         // min, max; either may be absent
  kSigmoid,      //
  kHardSigmoid,  // min(max(slope·x + offset, 0), 1)
  kSilu,         // x · sigmoid(x)
  kHardSwish,    // x · min(max(x + 3, 0), 6) / 6
  kMish,         // x · tanh(softplus(x))
  kGelu,         // tanh: whether by the approximation with tanh
  kTanh,
  kSoftplus,
  kErf,  // no activation by itself

  kAdd,           // of two tensors of equal shape
  kBroadcastAdd,  // of two tensors; like those of kSub, kMul and kDiv, their shapes are broadcast
  kSub,
  kMul,
  kDiv,
  kOffset,  // adds the parameter other, whose shape is broadcast
  kScale,   // multiplies by the parameter other, whose shape is broadcast
  kMatMul,  // of two tensors, over their last two dimensions
  kNeg,
  kAbs,
  kExp,
  kSqrt,
  kPow,  // exponent

  kConcat,           // dim; absent: along channels
  kChunk,            // chunks: that many outputs, equal parts along channels
  kSplit,            // sizes, dim: an output each
  kSlice,            // dim, start, end, step
  kChannelShuffle,   // groups: channel g·n + i goes to i·groups + g (Zhang et al. 2017)
  kFlatten,          // N×C×H×W → N×(C·H·W)
  kReshape,          // shape: of one image
  kPermute,          // dims; the first is 0
  kPixelShuffle,     // factor: N×C·r²×H×W → N×C×H·r×W·r (Shi et al. 2016)
  kPixelUnshuffle,   // factor: the inverse
  kUpsampleNearest,  // size: height, width
  kUpsampleLinear,   // size: height, width; align_corners
  kPad,              // pads as torch.nn.functional.pad has them, mode, value
  kInsertZeros,      // pair stride: stride − 1 zeros between neighbours
  kShortcutA,  // option-A shortcut: every stride-th pixel, then zero channels (He 2015): stride,
               // pad_before, pad_after

  kMaxPool,          // pairs kernel, stride, padding, dilation; ceil_mode
  kAvgPool,          // pairs kernel, stride, padding; ceil_mode, count_include_pad
  kGlobalAvgPool,    // N×C×H×W → N×C×1×1
  kAdaptiveAvgPool,  // pair size: means over nearly equal windows
  kMean,             // dims, keepdim; as kSum and kMax
  kSum,              //
  kMax,              //
  kSoftmax,          // dim; as kLogSoftmax
  kLogSoftmax,
  kLayerNorm,  // parameters weight, bias; shape, eps

  kCount
};
inline constexpr size_t kOpCount = static_cast<size_t>(Op::kCount);

// What an operator does to signs.
enum class Signs {
  kAny,         // its values can be negative
  kKept,        // only if a value that it reads is
  kNonNegative  // never
};

struct Operator {
  Op op = Op::kCount;
  const char* name = "";
  size_t least_inputs = 1, most_inputs = 1;
  bool weighted = false;    // has a weight to quantize
  bool activation = false;  // follows a weighted operator and ends its chain
  bool moves = false;       // only chooses or orders values, so that codes stay codes
  bool pools = false;       // stands between the last activation and a classifier
  bool mixes = false;       // makes new values of several tensors, or by a constant
  Signs signs = Signs::kAny;
  // The operator of that name with the same inputs and without attributes, if any: in ONNX, and in
  // ATen.
  const char* onnx = nullptr;
  const char* aten = nullptr;
  // Null for those that the executor computes itself. May overwrite an input that is Unshared.
  torch::Tensor (*compute)(const Node& node, std::vector<torch::Tensor>& inputs) = nullptr;
};

const Operator& Describe(Op op);
// All, in the order of Op.
const std::array<Operator, kOpCount>& Operators();
// Null when there is none.
const Operator* FindOperator(const std::string& name);

inline const char* ToString(Op op) { return Describe(op).name; }

// Whether nothing else holds a tensor that was handed over: no other reader, hook or gradient.
// Its values may then be overwritten.
bool Unshared(const torch::Tensor& tensor);

}  // namespace zerosweep
