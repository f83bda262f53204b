#include "methods/intraq/terms.h"

#include "engine/graph/executor.h"
#include "engine/synthesis/classifier.h"

namespace zerosweep {
namespace {

constexpr double kEpsilon = 1e-6;  // for cosines and for the margins' means (authors' code)

}  // namespace

int FeatureLayer(const Graph& graph) {
  return ClassifierOf(graph, "intraq", "take another synthesizer");
}

torch::Tensor Features(const Teacher& teacher, const torch::Tensor& images) {
  const torch::NoGradGuard no_grad;
  torch::Tensor features;
  ForwardHooks hooks;
  hooks.replace_input[{FeatureLayer(teacher.graph), 0}] = [&](const torch::Tensor& input) {
    features = input.flatten(1);
    return input;
  };
  Run(teacher.graph, images.contiguous(torch::MemoryFormat::ChannelsLast), hooks);
  return features;
}

ClassCentres MeanFeatures(const torch::Tensor& features, const torch::Tensor& labels, int classes) {
  const torch::Tensor wide = features.to(torch::kCPU, torch::kFloat64);
  const torch::Tensor sums =
      torch::zeros({classes, wide.size(1)}, torch::kFloat64).index_add_(0, labels.cpu(), wide);
  const torch::Tensor counts = torch::bincount(labels.cpu(), /*weights=*/{}, classes).unsqueeze(1);
  return {(sums / counts.clamp_min(1)).to(features.options()),
          (counts.squeeze(1) > 0).to(features.options())};
}

Margins MarginLoss(const torch::Tensor& features, const torch::Tensor& centres,
                   const torch::Tensor& mask, double lambda_lower, double lambda_upper) {
  const torch::Tensor distance =
      1 - torch::cosine_similarity(features, centres, /*dim=*/1, kEpsilon);
  const torch::Tensor images = mask.sum() + kEpsilon;  // if there are none, the sums are 0
  const auto mean = [&](const torch::Tensor& excess) {
    return (mask * torch::relu(excess)).sum() / images;
  };
  return {mean(lambda_lower - distance), mean(distance - lambda_upper)};
}

torch::Tensor SoftTargets(const RandomStreams& random, double hard, double epsilon, int64_t first,
                          int64_t count) {
  return random.FillForSamples(
      0, "soft_target", {count}, static_cast<uint64_t>(first),
      [hard, epsilon](RandomSequence& draws) {
        if (draws.Uniform() < hard) return 1.0F;
        return static_cast<float>(epsilon + (1 - epsilon) * draws.Uniform());
      });
}

torch::Tensor InceptionLoss(const torch::Tensor& logits, const torch::Tensor& labels,
                            const torch::Tensor& targets) {
  const torch::Tensor probabilities =
      torch::softmax(logits, 1).gather(1, labels.unsqueeze(1)).squeeze(1);
  return (probabilities - targets).square().mean();
}

}  // namespace zerosweep
