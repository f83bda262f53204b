#include "engine/graph/shapes.h"

#include <functional>
#include <numeric>

#include "engine/graph/executor.h"

namespace zerosweep {

Shapes ShapesOf(const Graph& graph) {
  const torch::NoGradGuard no_grad;
  Shapes shapes;
  ForwardHooks hooks;
  for (int i = 0; i < static_cast<int>(graph.nodes.size()); ++i)
    for (int k = 0; k < graph.nodes[static_cast<size_t>(i)].output_count(); ++k)
      hooks.replace_output[{i, k}] = [&shapes, value = Value{i, k}](const torch::Tensor& tensor) {
        shapes[value] = tensor.sizes().slice(1).vec();
        return tensor;
      };
  Run(graph, torch::zeros(graph.BatchShape(1), graph.Options()), hooks);
  return shapes;
}

std::map<int, int64_t> CountMacs(const Graph& graph, const Shapes& shapes) {
  std::map<int, int64_t> macs;
  for (const int index : graph.Weighted()) {
    const torch::Tensor& weight = graph.nodes[static_cast<size_t>(index)].parameters.at("weight");
    const std::vector<int64_t>& output = shapes.at({index, 0});
    macs[index] = std::accumulate(output.begin(), output.end(), weight.numel() / weight.size(0),
                                  std::multiplies<int64_t>());
  }
  return macs;
}

std::map<int, int64_t> CountMacs(const Graph& graph) { return CountMacs(graph, ShapesOf(graph)); }

}  // namespace zerosweep
