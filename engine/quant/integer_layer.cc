#include "engine/quant/integer_layer.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace zerosweep {
namespace {

constexpr int64_t kLow = std::numeric_limits<int8_t>::min();
constexpr int64_t kHigh = std::numeric_limits<int8_t>::max();

torch::Tensor Integers(const torch::Tensor& zero_points, const Node& node) {
  if (!torch::equal(zero_points, torch::round(zero_points)))
    Fail(ErrorKind::kUsage,
         "integer evaluation of '{}': a zero point is no integer: evaluate with integer: false",
         node.name);
  return zero_points.to(torch::kInt64);
}

// q + z.
torch::Tensor WeightOf(const Node& node, const QuantizedWeight& weight) {
  return weight.codes.to(torch::kInt64) +
         AlongChannels(Integers(weight.grid.offset, node), weight.codes);
}

// 1 / S_w by output.
torch::Tensor StepsOf(const QuantizedWeight& weight) {
  return (1 / weight.grid.inverse_scale).expand(weight.codes.size(0));
}

// The smallest shift of each row that brings it into int8.
torch::Tensor ShiftOf(const torch::Tensor& rows) {
  return (rows.amax(1) - kHigh).clamp_min(0) + (rows.amin(1) - kLow).clamp_max(0);
}

// Throws if the sum of `terms` products might not fit into 32 bits.
void CheckSums(const Node& node, int64_t terms, const CodeScale& input) {
  const int64_t largest = std::max(std::abs(input.zero), std::abs(input.last - input.zero));
  if (largest * -kLow > std::numeric_limits<int32_t>::max() / terms)
    Fail(ErrorKind::kUsage,
         "integer evaluation of '{}': a sum of {} products could leave 32 bits: evaluate with "
         "integer: false",
         node.name, terms);
}

// A frozen batch norm: y = scale · x + shift.
struct Line {
  torch::Tensor scale, shift;
};
Line LineOf(const Node& norm) {
  const torch::Tensor weight = Parameter(norm, "weight"), bias = Parameter(norm, "bias");
  torch::Tensor scale =
      torch::rsqrt(Parameter(norm, "running_var") + norm.attributes.at("eps").get<double>());
  if (weight.defined()) scale = scale * weight;
  const torch::Tensor shift = -Parameter(norm, "running_mean") * scale;
  return {scale, bias.defined() ? shift + bias : shift};
}

}  // namespace

CodeScale CodeScaleOf(const UniformGrid& grid, const Node& node) {
  const int64_t half = int64_t{1} << (grid.bits - 1);
  return {1 / grid.inverse_scale.item<double>(), half - Integers(grid.offset, node).item<int64_t>(),
          2 * half - 1};
}

IntegerLayer::IntegerLayer(const Node& node, const QuantizedWeight& weight,
                           const UniformGrid& input) {
  const torch::Tensor w = WeightOf(node, weight), r = ShiftOf(w.flatten(1)), step = StepsOf(weight);
  const CodeScale scale = CodeScaleOf(input, node);
  CheckSums(node, w[0].numel(), scale);
  product_.emplace(node, (w - AlongChannels(r, w)).to(torch::kInt8), scale, step,
                   Parameter(node, "bias"));
  if (!r.any().item<bool>()) return;
  const auto groups = node.attributes.value("groups", int64_t{1});
  windows_.emplace(node, torch::ones_like(w.slice(0, 0, groups), torch::kInt8), scale,
                   torch::ones(groups), torch::Tensor());
  shift_ = (r * step).reshape({groups, -1});
}

IntegerLayer::IntegerLayer(const Node& node, const QuantizedWeight& weight,
                           const UniformGrid& input, const IntegerTail& tail)
    : ending_(EndingOf(tail, node)) {
  torch::Tensor step = StepsOf(weight), bias = Parameter(node, "bias");
  if (tail.norm != nullptr) {
    const Line line = LineOf(*tail.norm);
    step = step * line.scale;
    bias = bias.defined() ? bias * line.scale + line.shift : line.shift;
  }
  product_.emplace(node, WeightOf(node, weight).to(torch::kInt8), CodeScaleOf(input, node), step,
                   bias);
}

IntegerLayer::Ending IntegerLayer::EndingOf(const IntegerTail& tail, const Node& node) {
  constexpr double kSix = 6;
  Ending ending;
  ending.output = CodeScaleOf(*tail.output, node);
  const auto& [step, zero, last] = ending.output;
  ending.positive = tail.activation != nullptr;
  ending.low = static_cast<double>(-zero) * step;
  ending.high = static_cast<double>(last - zero) * step;
  ending.last = last;
  if (ending.positive) ending.low = std::max(ending.low, 0.0);
  if (ending.positive && tail.activation->op == Op::kRelu6) {
    ending.high = std::min(ending.high, kSix);
    ending.last = std::clamp<int64_t>(std::llrint(kSix / step) + zero, 0, last);
  }
  ending.high = std::max(ending.high, ending.low);
  if (tail.added != nullptr) ending.added = CodeScaleOf(*tail.added, node);
  return ending;
}

torch::Tensor IntegerLayer::Run(const torch::Tensor& codes, const torch::Tensor& added) const {
  if (ending_ && ending_->added) {
    torch::Tensor y =
        product_->CodesOfSum(codes, added, *ending_->added, ending_->output, ending_->positive);
    return ending_->last < 255 ? y.clamp_max_(ending_->last) : y;
  }
  if (ending_) return product_->CodesOf(codes, ending_->output, ending_->low, ending_->high);
  torch::Tensor y = product_->Of(codes);
  if (!windows_) return y;
  // Pixels × groups × outputs of a group, in the order of memory.
  const int64_t groups = shift_.size(0);
  const torch::Tensor sums = windows_->Of(codes).movedim(1, -1).reshape({-1, groups, 1});
  torch::Tensor outputs = y.movedim(1, -1).view({-1, groups, shift_.size(1)});
  if (groups == 1)
    outputs.squeeze(1).addmm_(sums.squeeze(1), shift_);
  else
    outputs.addcmul_(sums, shift_);
  return y;
}

}  // namespace zerosweep
