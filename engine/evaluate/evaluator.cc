#include "engine/evaluate/evaluator.h"

#include <torch/torch.h>

#include "base/error.h"
#include "engine/data/transform.h"

namespace zerosweep {
namespace {

constexpr int64_t kBatch =
    250;  // small enough for the caches of a core, large enough for a GPU to be busy

}  // namespace

Evaluation Evaluate(const ForwardFunction& forward, const Dataset& dataset, const Teacher& teacher,
                    int64_t limit, Progress& progress) {
  const torch::NoGradGuard no_grad;
  const int64_t total = limit > 0 ? std::min(limit, dataset.size()) : dataset.size();
  double loss = 0;
  std::vector<torch::Tensor> predictions;
  for (int64_t first = 0; first < total; first += kBatch) {
    const Dataset batch = dataset.Slice(first, std::min(first + kBatch, total));
    const torch::Tensor x = Normalise(batch.images, teacher.mean, teacher.std).to(teacher.device());
    const torch::Tensor logits = forward(x).to(torch::kCPU);
    if (!torch::isfinite(logits).all().item<bool>()) {
      throw Error(
          ErrorKind::kTrial,
          fmt::format("logits of images {} to {} are not finite", first, first + batch.size()),
          "non_finite");
    }
    loss += torch::nn::functional::cross_entropy(
                logits, batch.labels,
                torch::nn::functional::CrossEntropyFuncOptions().reduction(torch::kSum))
                .item<double>();
    predictions.push_back(logits.argmax(1).to(torch::kInt32));
    progress.Report(static_cast<double>(first + batch.size()), static_cast<double>(total),
                    "images");
  }
  Evaluation result;
  result.predictions = torch::cat(predictions);
  result.correct = result.predictions == dataset.labels.slice(0, 0, total);
  result.top1 = 100.0 * static_cast<double>(result.correct.sum().item<int64_t>()) /
                static_cast<double>(total);
  result.loss = loss / static_cast<double>(total);
  return result;
}

std::string PackBits(const torch::Tensor& flags) {
  const torch::Tensor bytes = flags.to(torch::kCPU, torch::kBool).contiguous();
  const bool* values = bytes.data_ptr<bool>();
  std::string packed(static_cast<size_t>((bytes.numel() + 7) / 8), '\0');
  for (int64_t i = 0; i < bytes.numel(); ++i) {
    if (values[i])
      packed[static_cast<size_t>(i / 8)] =
          static_cast<char>(packed[static_cast<size_t>(i / 8)] | (1 << (i % 8)));
  }
  return packed;
}

}  // namespace zerosweep
