#include "engine/synthesis/generator_layers.h"

#include <torch/csrc/autograd/custom_function.h>

#include "engine/graph/convolution.h"

namespace zerosweep {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr auto kChannelsLast = torch::MemoryFormat::ChannelsLast;

// Calls visit(part of `by_parity`, N×4·O×(H+1)×(W+1), part of `whole`, N×O×2H×2W) for the outputs of
// each parity of row and column.
template <typename Visit>
void ForEachParity(const torch::Tensor& by_parity, const torch::Tensor& whole, const Visit& visit) {
  const int64_t height = whole.size(2) / 2, width = whole.size(3) / 2, outputs = whole.size(1);
  for (int64_t row = 0; row < 2; ++row) {
    for (int64_t column = 0; column < 2; ++column) {
      visit(by_parity.narrow(1, (2 * row + column) * outputs, outputs)
                .narrow(2, row, height)
                .narrow(3, column, width),
            whole.slice(2, row, c10::nullopt, 2).slice(3, column, c10::nullopt, 2));
    }
  }
}

// Brings the outputs of the four parities together.
struct Interleave : torch::autograd::Function<Interleave> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& by_parity) {
    context->saved_data["shape"] = by_parity.sizes();
    const torch::Tensor whole =
        torch::empty({by_parity.size(0), by_parity.size(1) / 4, 2 * (by_parity.size(2) - 1),
                      2 * (by_parity.size(3) - 1)},
                     by_parity.options().memory_format(kChannelsLast));
    ForEachParity(by_parity, whole,
                  [](const torch::Tensor& from, const torch::Tensor& to) { to.copy_(from); });
    return whole;
  }

  static variable_list backward(AutogradContext* context, const variable_list& upstream) {
    const torch::Tensor for_parity =
        torch::empty(context->saved_data["shape"].toIntVector(),
                     upstream[0].options().memory_format(kChannelsLast));
    // What no output has taken: the first or last row and column.
    for (const int64_t dimension : {2, 3})
      for (const int64_t end : {int64_t{0}, for_parity.size(dimension) - 1})
        for_parity.select(dimension, end).zero_();
    ForEachParity(for_parity, upstream[0],
                  [](const torch::Tensor& to, const torch::Tensor& from) { to.copy_(from); });
    return {for_parity};
  }
};

}  // namespace

int64_t SeedSide(int64_t side) { return (side + 3) / 4; }

torch::Tensor CentreCrop(const torch::Tensor& x, int64_t height, int64_t width) {
  if (x.size(2) == height && x.size(3) == width) return x;
  return x.narrow(2, (x.size(2) - height) / 2, height)
      .narrow(3, (x.size(3) - width) / 2, width)
      .contiguous(torch::MemoryFormat::ChannelsLast);
}

torch::Tensor ConvolveTwiceAsLarge(const torch::Tensor& x, const torch::Tensor& weight,
                                   const torch::Tensor& bias, Precision precision) {
  // Along a side, which of the two pixels (rows) the three taps (columns) meet, by parity.
  const torch::Tensor meets =
      torch::tensor({{{1.F, 0.F, 0.F}, {0.F, 1.F, 1.F}}, {{1.F, 1.F, 0.F}, {0.F, 0.F, 1.F}}},
                    weight.options().requires_grad(false));
  const torch::Tensor kernels =
      torch::einsum("pak,qbl,oikl->pqoiab", {meets, meets, weight}).flatten(0, 2);
  const torch::Tensor biases = bias.defined() ? bias.repeat({4}) : bias;
  return Interleave::apply(
      Convolve(x, kernels.contiguous(kChannelsLast), biases, {.padding = {1, 1}}, precision));
}

torch::Tensor SeedMaps(const torch::Tensor& inputs, const torch::Tensor& weight,
                       const torch::Tensor& bias, int64_t height, int64_t width) {
  return torch::linear(inputs, weight, bias)
      .view({inputs.size(0), height, width, bias.size(0) / (height * width)})
      .permute({0, 3, 1, 2});
}

}  // namespace zerosweep
