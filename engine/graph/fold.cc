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

// Returns the node that `norm` (a batch norm of `graph`) can be folded into, or -1.
int Producer(const Graph& graph, const Node& norm) {
  const int producer = norm.inputs[0].node;
  const bool only_user = graph.Users(producer).size() == 1 && graph.output.node != producer;
  return graph.nodes[producer].weighted() && only_user ? producer : -1;
}

}  // namespace

Graph FoldBatchNorms(const Graph& graph) {
  Graph folded;
  folded.input_shape = graph.input_shape;
  folded.precision = graph.precision;
  std::vector<int> moved(graph.nodes.size(), -1);  // old index → new index
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    Node node = graph.nodes[i];
    if (node.op == Op::kBatchNorm) {
      const int producer = Producer(graph, node);
      if (producer >= 0) {
        Node& target = folded.nodes[moved[producer]];
        target = Folded(target, node);
        moved[i] = moved[producer];
        continue;
      }
    }
    for (Value& input : node.inputs) input.node = moved[input.node];
    moved[i] = folded.Append(std::move(node));
  }
  folded.output = {moved[graph.output.node], graph.output.output};
  folded.Check();
  return folded;
}

}  // namespace zerosweep
