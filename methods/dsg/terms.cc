#include "methods/dsg/terms.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "engine/synthesis/batch_norm_statistics.h"

namespace zerosweep {
namespace {

constexpr int64_t kSlackChunk = 64;      // images per teacher pass
constexpr int64_t kEnhancedByCode = 20;  // batch norms of ResNet-18, for all networks

// Sums of a layer's per-image statistics over many images, in double precision.
struct Sums {
  torch::Tensor mean, mean_square, variance;  // C
  double values_per_image = 0;
};

void Accumulate(Sums& sums, const torch::Tensor& x, const std::string& name) {
  const ImageStatistics image = PerImageStatistics(x, name);
  const torch::Tensor mean = image.mean.to(torch::kFloat64);
  const torch::Tensor parts[] = {mean.sum(0), mean.square().sum(0),
                                 image.variance.sum(0, /*keepdim=*/false, torch::kFloat64)};
  torch::Tensor* const totals[] = {&sums.mean, &sums.mean_square, &sums.variance};
  for (size_t i = 0; i < 3; ++i)
    *totals[i] = totals[i]->defined() ? *totals[i] + parts[i] : parts[i];
  sums.values_per_image = static_cast<double>(x.size(2) * x.size(3));
}

double OrderStatistic(const torch::Tensor& values, double percentile) {
  const auto rank = static_cast<int64_t>(
      std::ceil(percentile * static_cast<double>(values.numel()) - 1e-9));  // 0.9 · 10 is 9
  return std::get<0>(values.kthvalue(std::max<int64_t>(rank, 1))).item<double>();
}

// σ² over all values of all images: within images plus between them, unbiased.
Slack SlackOf(const Sums& sums, const Node& bn, double images, double percentile) {
  const double n = sums.values_per_image;
  const torch::Tensor mean = sums.mean / images;
  const torch::Tensor between = sums.mean_square - images * mean.square();
  const torch::Tensor variance = ((n - 1) * sums.variance + n * between) / (images * n - 1);
  const auto running = [&bn](const char* name) {
    return bn.parameters.at(name).to(torch::kFloat64);
  };
  const torch::Tensor target = StdOf(running("running_var")), std = StdOf(variance);
  return {OrderStatistic((mean - running("running_mean")).abs(), percentile),
          OrderStatistic((std - target).abs(), percentile)};
}

torch::Tensor Residual(const torch::Tensor& value, const torch::Tensor& target, double slack) {
  return torch::relu((value - target).abs() - slack).square();
}

}  // namespace

std::vector<Slack> GaussianSlacks(const Teacher& teacher, double percentile, int64_t images,
                                  const RandomStreams& random, Progress& progress) {
  const torch::NoGradGuard no_grad;
  const std::vector<int> layers = teacher.graph.BatchNorms();
  std::vector<Sums> sums(layers.size());
  for (int64_t first = 0; first < images; first += kSlackChunk) {
    progress.Report(first, images, "Gaussian images");
    const auto shape = teacher.graph.BatchShape(std::min(kSlackChunk, images - first));
    const torch::Tensor x =
        random.NormalForSamples(0, "slack_image", shape, static_cast<uint64_t>(first))
            .contiguous(torch::MemoryFormat::ChannelsLast)
            .to(teacher.device());
    size_t layer = 0;
    VisitBatchNormInputs(teacher.graph, x, "dsg", [&](const Node& bn, const torch::Tensor& input) {
      Accumulate(sums[layer++], input, bn.name);
    });
  }
  std::vector<Slack> slacks;
  for (size_t i = 0; i < layers.size(); ++i) {
    slacks.push_back(
        SlackOf(sums[i], teacher.graph.nodes[layers[i]], static_cast<double>(images), percentile));
  }
  return slacks;
}

torch::Tensor EnhancementWeights(Enhancement enhancement, int64_t first_image, int64_t images,
                                 int64_t layers) {
  torch::Tensor weights = torch::ones({layers, images});
  if (enhancement == Enhancement::kOwnLayer) {
    for (int64_t i = 0; i < images; ++i) weights[(first_image + i) % layers][i] = 2;
  } else if (enhancement == Enhancement::kFirstTwenty) {
    for (int64_t i = 0; i < std::min({images, layers, kEnhancedByCode}); ++i) weights[i][i] = 4;
  }
  return weights;
}

torch::Tensor AlignmentLoss(const torch::Tensor& mean, const torch::Tensor& variance,
                            const torch::Tensor& target_mean, const torch::Tensor& target_std,
                            const Slack& slack) {
  const torch::Tensor std = StdOf(variance);
  return (Residual(mean, target_mean, slack.mean) + Residual(std, target_std, slack.std)).sum(1);
}

torch::Tensor CorrelationLoss(const torch::Tensor& x) {
  const int64_t n = x.size(0);
  if (n < 2) return torch::zeros({}, x.options());
  const torch::Tensor rows = x.flatten(1);
  const torch::Tensor unit = rows / rows.norm(2, {1}, /*keepdim=*/true).clamp_min(1e-12);
  const torch::Tensor similarity = unit.matmul(unit.t());
  const torch::Tensor others = 1 - torch::eye(n, x.options());
  return (similarity * others).square().sum() / static_cast<double>(n * (n - 1));
}

torch::Tensor TotalVariation(const torch::Tensor& x) {
  const int64_t h = x.size(2), w = x.size(3);
  const torch::Tensor right = x.narrow(3, 0, w - 1) - x.narrow(3, 1, w - 1);
  const torch::Tensor down = x.narrow(2, 0, h - 1) - x.narrow(2, 1, h - 1);
  const torch::Tensor top = x.narrow(2, 0, h - 1), bottom = x.narrow(2, 1, h - 1);
  const torch::Tensor falling = top.narrow(3, 0, w - 1) - bottom.narrow(3, 1, w - 1);
  const torch::Tensor rising = bottom.narrow(3, 0, w - 1) - top.narrow(3, 1, w - 1);
  return right.norm() + down.norm() + falling.norm() + rising.norm();
}

torch::Tensor MeanNorm(const torch::Tensor& x) { return x.flatten(1).norm(2, {1}).mean(); }

}  // namespace zerosweep
