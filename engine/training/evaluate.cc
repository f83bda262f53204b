#include "engine/training/evaluate.h"

#include <torch/types.h>

#include <algorithm>

#include "base/error.h"
#include "engine/graph/executor.h"

namespace zerosweep {

Evaluation EvaluateForward(const Forward& forward, const Dataset& dataset,
                           const Normalisation& normalisation, int64_t limit, int64_t batch,
                           torch::Device device) {
  const torch::InferenceMode guard;
  Evaluation result;
  result.images = limit > 0 ? std::min(limit, dataset.size()) : dataset.size();
  if (result.images == 0) Fail(ErrorKind::kUsage, "dataset '{}' has no images", dataset.name);
  result.predictions = torch::empty({result.images}, torch::kInt32);
  result.correct = torch::empty({result.images}, torch::kBool);
  double loss = 0;
  for (int64_t begin = 0; begin < result.images; begin += batch) {
    const int64_t end = std::min(begin + batch, result.images);
    const torch::Tensor images = dataset.Images(begin, end).to(device);
    const torch::Tensor labels = dataset.labels.slice(0, begin, end).to(device);
    const torch::Tensor logits = forward(Normalise(images, normalisation.mean, normalisation.std)
                                             .contiguous(torch::MemoryFormat::ChannelsLast));
    loss +=
        torch::cross_entropy_loss(logits, labels, /*weight=*/{}, at::Reduction::Sum).item<double>();
    const torch::Tensor predictions = logits.argmax(1);
    result.predictions.slice(0, begin, end).copy_(predictions);
    result.correct.slice(0, begin, end).copy_(predictions == labels);
  }
  result.right = result.correct.sum().item<int64_t>();
  result.top1 = static_cast<double>(result.right) / static_cast<double>(result.images);
  result.loss = loss / static_cast<double>(result.images);
  return result;
}

Evaluation Evaluate(const Graph& graph, const Dataset& dataset,
                    const Normalisation& normalisation) {
  constexpr int64_t kBatch = 100;  // the activations of a CIFAR network then fit in the cache
  const Graph folded = ToChannelsLast(FoldBatchNorms(graph));
  return EvaluateForward([&](const torch::Tensor& images) { return Run(folded, images); }, dataset,
                         normalisation, /*limit=*/0, kBatch, graph.Options().device());
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
