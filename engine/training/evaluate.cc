#include "engine/training/evaluate.h"

#include <torch/types.h>

#include <algorithm>

#include "base/error.h"
#include "engine/graph/executor.h"

namespace zerosweep {
namespace {

// Adds the logits of images from `begin` on; the loss is still a sum. `labels` may be undefined.
void Add(const torch::Tensor& logits, const torch::Tensor& labels, int64_t begin,
         Evaluation& result) {
  if (labels.defined()) {
    result.loss +=
        torch::cross_entropy_loss(logits, labels, /*weight=*/{}, at::Reduction::Sum).item<double>();
  }
  if (logits.dim() != 2) return;
  if (!result.predictions.defined())
    result.predictions = torch::empty({result.images}, torch::kInt32);
  result.predictions.slice(0, begin, begin + logits.size(0)).copy_(logits.argmax(1));
}

// Which predictions are the label or another right class.
torch::Tensor RightOnes(const torch::Tensor& predictions, const Dataset& dataset) {
  const int64_t count = predictions.size(0);
  torch::Tensor right = predictions == dataset.labels.slice(0, 0, count);
  if (!dataset.also_right.defined()) return right;
  const torch::Tensor images = dataset.also_right.select(1, 0);
  const torch::Tensor evaluated = images < count;
  const torch::Tensor among = images.masked_select(evaluated);
  const torch::Tensor classes = dataset.also_right.select(1, 1).masked_select(evaluated);
  const torch::Tensor hit = predictions.index_select(0, among) == classes;
  return right.index_fill_(0, among.masked_select(hit), true);
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
    results.push_back({.images = count, .is_labelled = dataset.is_labelled()});
  }
  for (int64_t begin = 0; begin < count; begin += batch) {
    const int64_t end = std::min(begin + batch, count);
    torch::Tensor labels;
    if (dataset.is_labelled()) labels = dataset.labels.slice(0, begin, end).to(device);
    const torch::Tensor images =
        Normalise(dataset.Images(begin, end).to(device), normalisation.mean, normalisation.std)
            .contiguous(torch::MemoryFormat::ChannelsLast);
    for (size_t i = 0; i < forwards.size(); ++i)
      Add(forwards[i](images), labels, begin, results[i]);
  }
  for (Evaluation& result : results) {
    if (!result.is_labelled) continue;
    result.correct = RightOnes(result.predictions, dataset);
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
