// Folding of batch norms (Jacob et al. 2018, arXiv:1712.05877, eq. 14):
//   w' = w·γ/√(σ²+ε)
//   b' = (b − μ)·γ/√(σ²+ε) + β

#include "engine/graph/graph.h"

namespace zerosweep {
namespace {

constexpr auto kWide = torch::kFloat64;  // so that folding adds no rounding error

// Returns `node` with the batch norm `norm` folded into its weight and bias.
Node Folded(const Node& node, const Node& norm) {
  const torch::NoGradGuard no_grad;
  const auto wide = [&](const char* name) { return norm.parameters.at(name).to(kWide); };
  const double eps = norm.attributes.at("eps").get<double>();
  const torch::Tensor scale = wide("weight") / torch::sqrt(wide("running_var") + eps);
  const torch::Tensor& weight = node.parameters.at("weight");
  std::vector<int64_t> per_channel(weight.dim(), 1);
  per_channel[0] = -1;
  torch::Tensor bias = torch::zeros_like(scale);
  if (node.parameters.contains("bias")) bias = node.parameters.at("bias").to(kWide);

  Node folded = node;
  folded.parameters["weight"] =
      (weight.to(kWide) * scale.view(per_channel)).to(weight.scalar_type());
  folded.parameters["bias"] =
      ((bias - wide("running_mean")) * scale + wide("bias")).to(weight.scalar_type());
  return folded;
}

}  // namespace

std::map<int, int> FoldableNorms(const Graph& graph) {
  std::map<int, int> producers;
  for (const int norm : graph.BatchNorms()) {
    const int producer = graph.nodes[norm].inputs[0].node;
    const bool only_user = graph.Users(producer).size() == 1 && graph.output.node != producer;
    if (graph.nodes[producer].weighted() && only_user) producers[norm] = producer;
  }
  return producers;
}

ShortGraph WithoutNodes(const Graph& graph, const std::map<int, int>& stand_ins) {
  ShortGraph shorter;
  shorter.graph.input_shape = graph.input_shape;
  shorter.graph.precision = graph.precision;
  shorter.moved.assign(graph.nodes.size(), -1);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (const auto found = stand_ins.find(static_cast<int>(i)); found != stand_ins.end()) {
      shorter.moved[i] = shorter.moved[found->second];
      continue;
    }
    Node node = graph.nodes[i];
    for (Value& input : node.inputs) input.node = shorter.moved[input.node];
    shorter.moved[i] = shorter.graph.Append(std::move(node));
  }
  shorter.graph.output = {shorter.moved[graph.output.node], graph.output.output};
  shorter.graph.Check();
  return shorter;
}

Graph FoldBatchNorms(const Graph& graph) {
  const std::map<int, int> producers = FoldableNorms(graph);
  Graph folded = graph;
  for (const auto& [norm, producer] : producers)
    folded.nodes[producer] = Folded(folded.nodes[producer], graph.nodes[norm]);
  return WithoutNodes(folded, producers).graph;
}

}  // namespace zerosweep
