#include "engine/graph/executor.h"
#include "engine/graph/graph.h"

namespace zerosweep {

std::map<int, int64_t> CountMacs(const Graph& graph) {
  // The executor gives the shapes of one image, which avoids a second set of shape rules.
  const torch::NoGradGuard no_grad;
  std::map<int, int64_t> macs;
  ForwardHooks hooks;
  hooks.replace_output = [&](int index, const torch::Tensor& output) {
    const Node& node = graph.nodes[index];
    if (node.weighted()) {
      const torch::Tensor& weight = node.parameters.at("weight");
      macs[index] = output.numel() * (weight.numel() / weight.size(0));
    }
    return output;
  };
  Run(graph, torch::zeros(graph.BatchShape(1), graph.Options()), hooks);
  return macs;
}

}  // namespace zerosweep
