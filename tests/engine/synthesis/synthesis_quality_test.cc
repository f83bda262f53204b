#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "engine/graph/executor.h"
#include "engine/synthesis/quality.h"
#include "tests/support/engine/batch_norm_inputs.h"
#include "tests/support/engine/tiny_network.h"

namespace zerosweep {
namespace {

torch::Tensor Images(int64_t n) {
  torch::manual_seed(5);
  return torch::randn({n, 3, 8, 8}) * torch::linspace(0.5, 3, n).view({n, 1, 1, 1});
}

double DeviationByHand(const std::vector<double>& values) {
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

// The definition once more, image by image and channel by channel in double precision.
double SpreadByHand(const Teacher& teacher, const torch::Tensor& images) {
  double total = 0;
  VisitBatchNormInputs(teacher.graph, images, [&](const Node& bn, const torch::Tensor& input) {
    double spread = 0, running = 0;
    for (int64_t c = 0; c < input.size(1); ++c) {
      std::vector<double> means, stds;
      for (int64_t b = 0; b < input.size(0); ++b) {
        const torch::Tensor map = input[b][c].to(torch::kFloat64);
        means.push_back(map.mean().item<double>());
        stds.push_back(map.std().item<double>());
      }
      spread += (DeviationByHand(means) + DeviationByHand(stds)) / 2;
      running += std::sqrt(bn.parameters.at("running_var")[c].item<double>());
    }
    total += spread / running;
  });
  return total / static_cast<double>(teacher.graph.BatchNorms().size());
}

TEST(SynthesisQualityTest, TheSpreadIsTheDefinitionsInSeveralChunks) {
  const Teacher teacher = TinyTeacher();
  const torch::Tensor images = Images(130);
  const double by_hand = SpreadByHand(teacher, images);
  // float32 statistics of 64 values: 1e-5 relative.
  EXPECT_NEAR(MeasureQuality(teacher, images).at("bn_spread"), by_hand, 1e-5 * by_hand);
}

TEST(SynthesisQualityTest, EqualImagesHaveNoSpreadAndOneClass) {
  const auto metrics = MeasureQuality(TinyTeacher(), Images(1).expand({6, 3, 8, 8}));
  EXPECT_NEAR(metrics.at("bn_spread"), 0, 1e-6);
  EXPECT_EQ(metrics.at("class_entropy"), 0);
}

TEST(SynthesisQualityTest, EntropyAndConfidenceAreThoseOfTheLogits) {
  const Teacher teacher = TinyTeacher();
  const torch::Tensor images = Images(40);
  const torch::Tensor logits = zerosweep::Run(teacher.graph, images).to(torch::kFloat64);
  std::vector<double> counts(4);
  double confidence = 0;
  for (int64_t b = 0; b < 40; ++b) {
    counts[static_cast<size_t>(logits[b].argmax().item<int64_t>())] += 1;
    confidence += 1 / torch::exp(logits[b] - logits[b].max()).sum().item<double>() / 40;
  }
  double entropy = 0;
  for (const double count : counts) {
    if (count > 0) entropy -= count / 40 * std::log(count / 40);
  }
  ASSERT_GT(entropy, 0) << "the case needs two classes";
  const auto metrics = MeasureQuality(teacher, images);
  EXPECT_NEAR(metrics.at("class_entropy"), entropy, 1e-12);
  EXPECT_NEAR(metrics.at("confidence"), confidence, 1e-6);
}

TEST(SynthesisQualityTest, WithoutBatchNormsOrWithOneImageThereIsNoSpread) {
  Teacher teacher = TinyTeacher();
  EXPECT_FALSE(MeasureQuality(teacher, Images(1)).contains("bn_spread"));
  teacher.graph = FoldBatchNorms(teacher.graph);
  const auto metrics = MeasureQuality(teacher, Images(4));
  EXPECT_FALSE(metrics.contains("bn_spread"));
  EXPECT_TRUE(metrics.contains("confidence"));
}

TEST(SynthesisQualityTest, MeasuringTwiceGivesTheSameBits) {
  const Teacher teacher = TinyTeacher();
  EXPECT_EQ(MeasureQuality(teacher, Images(120)), MeasureQuality(teacher, Images(120)));
}

}  // namespace
}  // namespace zerosweep
