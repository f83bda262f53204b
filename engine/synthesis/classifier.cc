#include "engine/synthesis/classifier.h"

#include "base/error.h"

namespace zerosweep {

int ClassifierOf(const Graph& graph, const std::string& method, const std::string& advice) {
  const std::vector<int> weighted = graph.Weighted();
  if (weighted.empty())
    Fail(ErrorKind::kUsage, "{} needs a classifier, and this network has no weights", method);
  const Node& last = graph.nodes[weighted.back()];
  const torch::Tensor& weight = last.parameters.at("weight");
  if (last.op == Op::kConv2d && (weight.size(2) != 1 || weight.size(3) != 1)) {
    Fail(ErrorKind::kUsage,
         "{} needs a classifier that is a linear layer or a convolution of 1×1, and this network's "
         "last layer '{}' is a convolution of {}×{}; {}",
         method, last.name, weight.size(2), weight.size(3), advice);
  }
  return weighted.back();
}

torch::Tensor ClassifierRows(const Graph& graph, const std::string& method,
                             const std::string& advice) {
  const int last = ClassifierOf(graph, method, advice);
  return graph.nodes[last].parameters.at("weight").detach().flatten(1);
}

}  // namespace zerosweep
