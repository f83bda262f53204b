#include "methods/genie/swing.h"

#include "base/error.h"

namespace zerosweep {
namespace {

// Along one dimension, padding and cropping shift x by one place and reflect one line into the gap.
torch::Tensor Shift(const torch::Tensor& x, int64_t dimension, int64_t offset) {
  const int64_t size = x.size(dimension);
  const torch::Tensor second = x.narrow(dimension, 1, 1);
  const torch::Tensor last_but_one = x.narrow(dimension, size - 2, 1);
  if (offset == 0) return torch::cat({second, x.narrow(dimension, 0, size - 1)}, dimension);
  if (offset == 2) return torch::cat({x.narrow(dimension, 1, size - 1), last_but_one}, dimension);
  return x;
}

bool Strided(const Node& node) {
  if (node.op != Op::kConv2d) return false;
  const Json& stride = node.attributes.at("stride");
  return stride.is_array() ? stride != Json({1, 1}) : stride != 1;
}

}  // namespace

torch::Tensor SwingCrop(const torch::Tensor& x, int64_t dy, int64_t dx) {
  if (x.size(2) < 2 || x.size(3) < 2) {
    Fail(ErrorKind::kUsage,
         "a swing convolution cannot reflect a map of {}×{}; use larger images or swing: false",
         x.size(2), x.size(3));
  }
  return Shift(Shift(x, 2, dy), 3, dx);
}

ForwardHooks SwingHooks(const Graph& graph, RandomSequence& draws) {
  ForwardHooks hooks;
  hooks.replace_input = [&graph, &draws](int node, int, const torch::Tensor& input) {
    if (!Strided(graph.nodes[node])) return input;
    const int64_t dy = draws.Below(3);
    const int64_t dx = draws.Below(3);
    return SwingCrop(input, dy, dx);
  };
  return hooks;
}

}  // namespace zerosweep
