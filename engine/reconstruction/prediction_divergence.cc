#include "engine/reconstruction/prediction_divergence.h"

#include <vector>

#include "engine/graph/executor.h"
#include "engine/graph/subgraph.h"

namespace zerosweep {

PredictionDivergence::PredictionDivergence(const QuantizationContext& context, double temperature,
                                           int64_t batch)
    : graph_(context.setting.fold_batch_norms ? FoldBatchNorms(context.teacher.graph)
                                              : context.teacher.graph),
      temperature_(temperature) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> logits;
  for (const torch::Tensor& images : context.images.split(batch))
    logits.push_back(Run(context.teacher.graph, images));
  teacher_log_ = torch::log_softmax(torch::cat(logits) / temperature_, 1);
}

void PredictionDivergence::BeginUnit(const Unit& unit) {
  rest_ = Extract(graph_, unit.output, graph_.output).graph;
}

torch::Tensor PredictionDivergence::Of(const torch::Tensor& output,
                                       const torch::Tensor& indices) const {
  const torch::Tensor student_log = torch::log_softmax(Run(rest_, output) / temperature_, 1);
  const torch::Tensor teacher_log = teacher_log_.index_select(0, indices);
  return (teacher_log.exp() * (teacher_log - student_log)).sum(1).mean();
}

}  // namespace zerosweep
