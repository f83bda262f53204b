#include "engine/graph/executor.h"
#include "engine/graph/graph.h"

namespace zerosweep {

std::map<int, int64_t> CountMacs(const Graph& graph) {
  // The executor gives the shapes of one image, which avoids a second set of shape rules.
  const torch::NoGradGuard no_grad;
  std::map<int, int64_t> macs;
  ForwardHooks hooks;
  for (const int index : graph.Weighted()) {
    hooks.replace_output[{index, 0}] = [&, index](const torch::Tensor& output) {
      const torch::Tensor& weight = graph.nodes[static_cast<size_t>(index)].parameters.at("weight");
      macs[index] = output.numel() * (weight.numel() / weight.size(0));
      return output;
    };
  }
  std::vector<int64_t> shape = {1};
  shape.insert(shape.end(), graph.input_shape.begin(), graph.input_shape.end());
  torch::TensorOptions options;
  for (const Node& node : graph.nodes) {
    if (node.weighted()) {
      options = node.parameters.at("weight").options().requires_grad(false);
      break;
    }
  }
  Run(graph, torch::zeros(shape, options), hooks);
  return macs;
}

}  // namespace zerosweep
