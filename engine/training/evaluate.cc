#include "engine/training/evaluate.h"

#include <torch/types.h>

#include <algorithm>

#include "base/error.h"
#include "engine/graph/executor.h"

namespace zerosweep {
namespace {

// Adds the logits of images from `begin` on; the loss is still a sum.
void Add(const torch::Tensor& logits, const torch::Tensor& labels, int64_t begin,
         Evaluation& result) {
  const int64_t end = begin + labels.size(0);
  result.loss +=
      torch::cross_entropy_loss(logits, labels, /*weight=*/{}, at::Reduction::Sum).item<double>();
  const torch::Tensor predictions = logits.argmax(1);
  result.predictions.slice(0, begin, end).copy_(predictions);
  result.correct.slice(0, begin, end).copy_(predictions == labels);
}

}  // namespace

std::vector<Evaluation> EvaluateForwards(const std::vector<Forward>& forwards,
                                         const Dataset& dataset, const Normalisation& normalisation,
                                         int64_t limit, int64_t batch, torch::Device device) {
  const torch::InferenceMode guard;
  const int64_t count = limit > 0 ? std::min(limit, dataset.size()) : dataset.size();
  if (count == 0) Fail(ErrorKind::kUsage, "dataset '{}' has no images", dataset.name);
  std::vector<Evaluation> results;
  for (size_t i = 0; i < forwards.size(); ++i) {
    results.push_back({.images = count,
                       .predictions = torch::empty({count}, torch::kInt32),
                       .correct = torch::empty({count}, torch::kBool)});
  }
  for (int64_t begin = 0; begin < count; begin += batch) {
    const int64_t end = std::min(begin + batch, count);
    const torch::Tensor labels = dataset.labels.slice(0, begin, end).to(device);
    const torch::Tensor images =
        Normalise(dataset.Images(begin, end).to(device), normalisation.mean, normalisation.std)
            .contiguous(torch::MemoryFormat::ChannelsLast);
    for (size_t i = 0; i < forwards.size(); ++i)
      Add(forwards[i](images), labels, begin, results[i]);
  }
  for (Evaluation& result : results) {
    result.right = result.correct.sum().item<int64_t>();
    result.top1 = static_cast<double>(result.right) / static_cast<double>(count);
    result.loss /= static_cast<double>(count);
  }
  return results;
}

Evaluation Evaluate(const Graph& graph, const Dataset& dataset,
                    const Normalisation& normalisation) {
  constexpr int64_t kBatch = 100;  // the activations of a CIFAR network then fit in the cache
  const Graph folded = ToChannelsLast(FoldBatchNorms(graph));
  const Forward forward = [&](const torch::Tensor& images) { return Run(folded, images); };
  return EvaluateForwards({forward}, dataset, normalisation, /*limit=*/0, kBatch,
                          graph.Options().device())
      .front();
}

Graph ToChannelsLast(const Graph& graph) {
  const torch::NoGradGuard no_grad;
  Graph result = graph;
  for (Node& node : result.nodes) {
    if (node.op != Op::kConv2d) continue;
    torch::Tensor& weight = node.parameters.at("weight");
    weight = weight.contiguous(torch::MemoryFormat::ChannelsLast)
                 .set_requires_grad(weight.requires_grad());
  }
  return result;
}

}  // namespace zerosweep
