#include "engine/generative/teacher_pass.h"

#include "engine/synthesis/batch_norm_statistics.h"

namespace zerosweep {

TeacherPass RunTeacher(Group& group, const Graph& graph, const torch::Tensor& x,
                       const std::string& method) {
  std::vector<torch::Tensor> inputs;
  torch::Tensor logits = VisitBatchNormInputs(
      graph, x, method, [&](const Node&, const torch::Tensor& input) { inputs.push_back(input); });
  return {std::move(logits), GlobalMoments(group, inputs)};
}

std::vector<Moments> RunningMoments(const Graph& graph) {
  std::vector<Moments> moments;
  for (const int index : graph.BatchNorms()) {
    const Node& node = graph.nodes[index];
    moments.push_back({node.parameters.at("running_mean"), node.parameters.at("running_var")});
  }
  return moments;
}

torch::Tensor Mismatch(const Moments& moments, const Moments& target) {
  return (moments.mean - target.mean).square().mean() +
         (moments.variance - target.variance).square().mean();
}

torch::Tensor Mismatch(const std::vector<Moments>& moments, const std::vector<Moments>& targets,
                       size_t first) {
  torch::Tensor sum;
  for (size_t i = first; i < moments.size(); ++i) {
    const torch::Tensor term = Mismatch(moments[i], targets[i]);
    sum = sum.defined() ? sum + term : term;
  }
  return sum / static_cast<double>(moments.size() - first);
}

}  // namespace zerosweep
