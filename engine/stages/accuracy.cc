#include "engine/stages/accuracy.h"

#include <torch/types.h>

#include <cstring>

#include "base/error.h"
#include "base/files.h"

namespace zerosweep {
namespace {

constexpr int64_t kCpuBatch = 100;  // the activations of a CIFAR network then fit in the cache
constexpr int64_t kGpuBatch = 500;
constexpr int64_t kSmallImage = 32 * 32;  // pixels of the images that these sizes are for
constexpr int64_t kMinCpuBatch = 10, kMinGpuBatch = 50;
constexpr const char* kPredictionsFile = "predictions.bin";

// Larger images get smaller batches.
int64_t BatchFor(const Dataset& dataset, bool gpu) {
  const std::vector<int64_t> shape = dataset.shape();
  const int64_t pixels = std::max(kSmallImage, shape.at(1) * shape.at(2));
  return std::max(gpu ? kMinGpuBatch : kMinCpuBatch,
                  (gpu ? kGpuBatch : kCpuBatch) * kSmallImage / pixels);
}

}  // namespace

std::vector<Evaluation> MeasureAccuracies(const std::vector<Forward>& forwards,
                                          const Dataset& dataset, const Teacher& teacher,
                                          int64_t limit, Progress& progress) {
  const int64_t images = limit > 0 ? std::min(limit, dataset.size()) : dataset.size();
  const auto total = static_cast<double>(images) * static_cast<double>(forwards.size());
  int64_t done = 0;  // by all functions together
  std::vector<Forward> observed;
  for (size_t i = 0; i < forwards.size(); ++i) {
    observed.push_back([&, i, first = int64_t{0}](const torch::Tensor& batch) mutable {
      const torch::Tensor logits = forwards[i](batch);
      const int64_t end = first + batch.size(0);
      if (!torch::isfinite(logits).all().item<bool>()) {
        FailTrial(Failure::kNonFinite,
                  "the logits of an image between {} and {} are not finite (network {} of {})",
                  first, end, i + 1, forwards.size());
      }
      first = end;
      done += batch.size(0);
      progress.Report(static_cast<double>(done), total, "images");
      return logits;
    });
  }
  return EvaluateForwards(observed, dataset, {teacher.mean, teacher.std}, limit,
                          BatchFor(dataset, teacher.device().is_cuda()), teacher.device());
}

Evaluation MeasureAccuracy(const Forward& forward, const Dataset& dataset, const Teacher& teacher,
                           int64_t limit, Progress& progress) {
  return MeasureAccuracies({forward}, dataset, teacher, limit, progress).front();
}

void SavePredictions(const torch::Tensor& predictions, const std::filesystem::path& folder) {
  WriteFileDurably(folder / kPredictionsFile,
                   {static_cast<const char*>(predictions.const_data_ptr()),
                    static_cast<size_t>(predictions.nbytes())});
}

torch::Tensor LoadPredictions(const std::filesystem::path& folder) {
  const std::string bytes = ReadFile(folder / kPredictionsFile);
  torch::Tensor predictions =
      torch::empty({static_cast<int64_t>(bytes.size() / sizeof(int32_t))}, torch::kInt32);
  std::memcpy(predictions.data_ptr(), bytes.data(), static_cast<size_t>(predictions.nbytes()));
  return predictions;
}

std::string PackBits(const torch::Tensor& flags) {
  const torch::Tensor bytes = flags.to(torch::kCPU, torch::kBool).contiguous();
  const bool* values = bytes.data_ptr<bool>();
  std::string packed(static_cast<size_t>((bytes.numel() + 7) / 8), '\0');
  for (int64_t i = 0; i < bytes.numel(); ++i) {
    char& byte = packed[i / 8];
    if (values[i]) byte = static_cast<char>(byte | (1 << (i % 8)));
  }
  return packed;
}

}  // namespace zerosweep
