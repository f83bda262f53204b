#include "engine/synthesis/quality.h"

#include <torch/types.h>

#include <vector>

#include "engine/graph/executor.h"

namespace zerosweep {
namespace {

constexpr int64_t kChunk = 100;  // the activations of a CIFAR network then fit in the cache

// Sums of one statistic over images, by channel, in double precision.
struct Moments {
  torch::Tensor sum, square_sum;

  void Add(const torch::Tensor& values) {  // N×C
    const torch::Tensor wide = values.to(torch::kFloat64);
    sum = sum.defined() ? sum + wide.sum(0) : wide.sum(0);
    const torch::Tensor squares = wide.square().sum(0);
    square_sum = square_sum.defined() ? square_sum + squares : squares;
  }

  // Sum over channels of the standard deviation over n images.
  double Deviation(double n) const {
    const torch::Tensor variance = (square_sum - sum.square() / n) / (n - 1);
    return torch::sqrt(variance.clamp_min(0)).sum().item<double>();
  }
};

struct Layer {
  Moments mean, std;
  double running_std = 0;  // sum over channels

  void Add(const Node& bn, const ImageMoments& image) {
    mean.Add(image.mean);
    if (image.values > 1)
      std.Add(torch::sqrt(image.squares / static_cast<double>(image.values - 1)));
    running_std = torch::sqrt(bn.parameters.at("running_var")).sum().item<double>();
  }

  double Spread(double n) const {
    const double of_mean = mean.Deviation(n);
    const double both = std.sum.defined() ? (of_mean + std.Deviation(n)) / 2 : of_mean;
    return both / running_std;
  }
};

double Entropy(const torch::Tensor& counts) {
  const torch::Tensor shares = counts.to(torch::kFloat64) / counts.sum();
  return -torch::special_xlogy(shares, shares).sum().item<double>();
}

}  // namespace

std::map<std::string, double> MeasureQuality(const Teacher& teacher, const torch::Tensor& images) {
  const torch::NoGradGuard no_grad;
  std::map<int, Layer> layers;
  ForwardHooks hooks;
  hooks.on_moments = [&](int node, const ImageMoments& moments) {
    layers[node].Add(teacher.graph.nodes[node], moments);
  };
  const auto n = static_cast<double>(images.size(0));
  torch::Tensor counts = torch::zeros({teacher.classes}, torch::kInt64);
  double confidence = 0;
  for (const torch::Tensor& chunk : images.split(kChunk)) {
    const torch::Tensor logits =
        Run(teacher.graph, chunk.to(teacher.device()).contiguous(torch::MemoryFormat::ChannelsLast),
            hooks);
    if (teacher.output != OutputKind::kClasses) continue;
    counts += torch::bincount(logits.argmax(1).cpu(), /*weights=*/{}, teacher.classes);
    confidence += torch::softmax(logits, 1).amax(1).sum(torch::kFloat64).item<double>();
  }
  std::map<std::string, double> metrics;
  if (teacher.output == OutputKind::kClasses)
    metrics = {{"class_entropy", Entropy(counts)}, {"confidence", confidence / n}};
  if (n < 2 || layers.empty()) return metrics;
  double spread = 0;
  for (const auto& [node, layer] : layers) spread += layer.Spread(n);
  metrics["bn_spread"] = spread / static_cast<double>(layers.size());
  return metrics;
}

}  // namespace zerosweep
