// Weights into and out of a graph.

#include <set>

#include "base/error.h"
#include "engine/graph/graph.h"

namespace zerosweep {
namespace {

void CheckEntry(const std::string& key, const torch::Tensor& wanted, const torch::Tensor& given,
                const std::string& origin) {
  if (given.sizes() != wanted.sizes()) {
    Fail(ErrorKind::kUsage,
         "{}: '{}' has shape {}, but the network needs {}: these weights belong to another network",
         origin, key, c10::str(given.sizes()), c10::str(wanted.sizes()));
  }
  if (!given.is_floating_point()) {
    Fail(ErrorKind::kUsage, "{}: '{}' holds {} instead of floating-point numbers", origin, key,
         c10::toString(given.scalar_type()));
  }
}

}  // namespace

void LoadState(Graph& graph, const std::map<std::string, torch::Tensor>& state,
               const std::string& origin) {
  std::set<std::string> wanted;
  for (const Node& node : graph.nodes) {
    for (const auto& [name, tensor] : node.parameters) {
      const std::string key = node.name + "." + name;
      const auto found = state.find(key);
      if (found == state.end()) {
        Fail(ErrorKind::kUsage, "{}: '{}' {} is missing: these weights belong to another network",
             origin, key, c10::str(tensor.sizes()));
      }
      CheckEntry(key, tensor, found->second, origin);
      wanted.insert(key);
    }
  }
  for (const auto& [key, tensor] : state) {
    if (!wanted.contains(key) && !key.ends_with("num_batches_tracked")) {
      Fail(ErrorKind::kUsage,
           "{}: '{}' {} is used nowhere in the network: these weights belong to another network",
           origin, key, c10::str(tensor.sizes()));
    }
  }
  // Nothing is written until everything is checked.
  const torch::NoGradGuard no_grad;
  for (Node& node : graph.nodes) {
    for (auto& [name, tensor] : node.parameters) tensor.copy_(state.at(node.name + "." + name));
  }
}

std::map<std::string, torch::Tensor> StateOf(const Graph& graph) {
  std::map<std::string, torch::Tensor> state;
  for (const Node& node : graph.nodes) {
    for (const auto& [name, tensor] : node.parameters) {
      state[node.name + "." + name] = tensor.detach();
    }
  }
  return state;
}

}  // namespace zerosweep
