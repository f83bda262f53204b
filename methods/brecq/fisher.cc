#include "methods/brecq/fisher.h"

#include <algorithm>
#include <vector>

#include "engine/graph/executor.h"
#include "engine/graph/subgraph.h"

namespace zerosweep {

FisherWeights::FisherWeights(const QuantizationContext& context, double damping, int64_t batch)
    : context_(context),
      damping_(damping),
      batch_(batch),
      graph_(context.fold_batch_norms ? FoldBatchNorms(context.teacher.graph)
                                      : context.teacher.graph) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> logits;
  for (const torch::Tensor& images : context_.images.split(batch_))
    logits.push_back(Run(graph_, images));
  teacher_log_ = torch::log_softmax(torch::cat(logits), 1);
}

torch::Tensor FisherWeights::Gradient(const Graph& rest, const torch::Tensor& output,
                                      const torch::Tensor& teacher_log) const {
  const torch::Tensor y = output.detach().requires_grad_(true);
  const torch::Tensor student_log = torch::log_softmax(Run(rest, y), 1);
  const torch::Tensor kl = (teacher_log.exp() * (teacher_log - student_log)).sum(1).mean();
  kl.backward();
  return y.grad().abs();
}

void FisherWeights::BeginUnit(const Phase& phase, const Unit& unit, const Student& student,
                              Caches& caches) {
  if (phase.lr_rounding == 0) return;
  const Graph rest = Extract(graph_, unit.output, graph_.output).graph;
  std::vector<torch::Tensor> gradients;
  const int64_t images = caches.x_q.size(0);
  for (int64_t first = 0; first < images; first += batch_) {
    const int64_t end = std::min(first + batch_, images);
    gradients.push_back(Gradient(rest, student(caches.x_q.slice(0, first, end)),
                                 teacher_log_.slice(0, first, end)));
  }
  caches.weight = (torch::cat(gradients) + damping_).square();
}

}  // namespace zerosweep
