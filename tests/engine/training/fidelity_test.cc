// Fidelity of outputs, against plain tensor operations in one piece.
#include "engine/training/fidelity.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "tests/support/error_message.h"

namespace zerosweep {
namespace {

// The outputs go in as batches of three; sums over batches differ from those of one piece by
// rounding alone.
constexpr double kRounding = 1e-9;

struct OutputPair {
  torch::Tensor teacher, quantized;
};

OutputPair RandomOutputs(std::vector<int64_t> shape) {
  torch::manual_seed(5);
  const torch::Tensor teacher = torch::randn(shape);
  return {teacher, teacher + 0.4 * torch::randn(shape)};
}

std::map<std::string, double> Measure(OutputKind kind, const OutputPair& of,
                                      double threshold = 0.3) {
  Fidelity fidelity(kind, threshold);
  for (int64_t at = 0; at < of.teacher.size(0); at += 3)
    fidelity.Add(of.teacher.slice(0, at, at + 3), of.quantized.slice(0, at, at + 3));
  return fidelity.Metrics();
}

double AsNumber(const torch::Tensor& tensor) { return tensor.to(torch::kFloat64).item<double>(); }

double Decibels(const OutputPair& of) {
  const torch::Tensor t = of.teacher.to(torch::kFloat64), q = of.quantized.to(torch::kFloat64);
  return 10 * std::log10(AsNumber(t.norm().square()) / AsNumber((t - q).norm().square()));
}

// KL by torch's own function.
double Divergence(const torch::Tensor& teacher, const torch::Tensor& quantized) {
  const torch::Tensor p = teacher.to(torch::kFloat64).softmax(1);
  const torch::Tensor log_q = quantized.to(torch::kFloat64).log_softmax(1);
  return AsNumber(torch::kl_div(log_q, p, at::Reduction::Sum)) / static_cast<double>(p.size(0));
}

TEST(FidelityTest, ClassesAgreeDivergeAndHaveADistance) {
  const OutputPair of = RandomOutputs({20, 5});
  const auto metrics = Measure(OutputKind::kClasses, of);
  ASSERT_EQ(metrics.size(), 5u);
  const torch::Tensor same = of.teacher.argmax(1) == of.quantized.argmax(1);
  EXPECT_NEAR(metrics.at("agreement"), 100 * AsNumber(same.to(torch::kFloat64).mean()), kRounding);
  EXPECT_LT(metrics.at("agreement"), 100);
  EXPECT_NEAR(metrics.at("kl"), Divergence(of.teacher, of.quantized), kRounding);
  EXPECT_NEAR(metrics.at("sqnr"), Decibels(of), kRounding);
  EXPECT_EQ(Fidelity(OutputKind::kEmbedding).Headline(), "cosine");
}

// s/√n of the sample standard deviation s, by torch's own function.
double StandardError(const torch::Tensor& values) {
  const torch::Tensor x = values.to(torch::kFloat64);
  return AsNumber(x.std(/*unbiased=*/true)) / std::sqrt(static_cast<double>(x.numel()));
}

TEST(FidelityTest, StandardErrorsAreOverImages) {
  const OutputPair of = RandomOutputs({20, 5});
  const auto metrics = Measure(OutputKind::kClasses, of);
  EXPECT_NEAR(metrics.at("score_se"),
              100 * StandardError(of.teacher.argmax(1) == of.quantized.argmax(1)), kRounding);
  const torch::Tensor p = of.teacher.to(torch::kFloat64).softmax(1);
  const torch::Tensor kl =
      torch::kl_div(of.quantized.to(torch::kFloat64).log_softmax(1), p, at::Reduction::None).sum(1);
  EXPECT_NEAR(metrics.at("kl_se"), StandardError(kl), kRounding);

  // The pixels of one image are not independent: an image counts once.
  const OutputPair maps = RandomOutputs({7, 4, 3, 5});
  const torch::Tensor same = maps.teacher.argmax(1) == maps.quantized.argmax(1);
  EXPECT_NEAR(Measure(OutputKind::kDense, maps).at("score_se"),
              100 * StandardError(same.to(torch::kFloat64).mean({1, 2})), kRounding);

  const OutputPair one = RandomOutputs({1, 5});
  EXPECT_FALSE(Measure(OutputKind::kClasses, one).contains("score_se"));
  EXPECT_FALSE(Measure(OutputKind::kClasses, one).contains("kl_se"));
}

// The plain sum of squares would lose all digits.
TEST(FidelityTest, StandardErrorsOfValuesFarFromZero) {
  torch::manual_seed(6);
  const torch::Tensor values = 1e9 + torch::randn({50}, torch::kFloat64);
  ImageMean mean;
  for (int64_t at = 0; at < 50; at += 7) mean.Add(values.slice(0, at, at + 7));
  EXPECT_NEAR(mean.mean(), AsNumber(values.mean()), 1e-6);
  EXPECT_NEAR(*mean.standard_error(), StandardError(values), 1e-7);
  ImageMean none;
  none.Add(torch::empty({0}));
  EXPECT_FALSE(none.standard_error());
}

// softmax(ln 3, 0) = (3/4, 1/4), softmax(0, 0) = (1/2, 1/2).
TEST(FidelityTest, DivergenceIsFromTheTeacherToTheNetwork) {
  const OutputPair of = {torch::tensor({{std::log(3.0), 0.0}}, torch::kFloat64),
                         torch::zeros({1, 2})};
  EXPECT_NEAR(Measure(OutputKind::kClasses, of).at("kl"),
              0.75 * std::log(1.5) + 0.25 * std::log(0.5), 1e-12);
}

TEST(FidelityTest, MapsOfSeveralChannelsAgreeByPixel) {
  const OutputPair of = RandomOutputs({7, 4, 3, 5});
  const auto metrics = Measure(OutputKind::kDense, of);
  ASSERT_EQ(metrics.size(), 5u);
  const torch::Tensor same = of.teacher.argmax(1) == of.quantized.argmax(1);
  EXPECT_NEAR(metrics.at("agreement"), 100 * AsNumber(same.to(torch::kFloat64).mean()), kRounding);
  const auto pixels = [](const torch::Tensor& maps) {
    return maps.permute({0, 2, 3, 1}).reshape({-1, maps.size(1)});
  };
  EXPECT_NEAR(metrics.at("kl"), Divergence(pixels(of.teacher), pixels(of.quantized)), kRounding);
  EXPECT_NEAR(metrics.at("sqnr"), Decibels(of), kRounding);
}

TEST(FidelityTest, MapsOfOneChannelOverlap) {
  const OutputPair of = RandomOutputs({7, 1, 6, 6});
  double sum = 0;
  for (int64_t i = 0; i < 7; ++i) {
    const torch::Tensor t = of.teacher[i] > 0.5, q = of.quantized[i] > 0.5;
    sum += AsNumber(t.logical_and(q).sum()) / AsNumber(t.logical_or(q).sum());
  }
  const auto metrics = Measure(OutputKind::kDense, of, 0.5);
  ASSERT_EQ(metrics.size(), 3u);
  EXPECT_NEAR(metrics.at("iou"), 100 * sum / 7, kRounding);
  EXPECT_NE(metrics.at("iou"), Measure(OutputKind::kDense, of, 0.3).at("iou"));
  Fidelity fidelity(OutputKind::kDense);
  fidelity.Add(of.teacher, of.quantized);
  EXPECT_EQ(fidelity.Headline(), "iou");
}

TEST(FidelityTest, EmptyMapsAreAlikeAndOneAloneIsNot) {
  const torch::Tensor empty = torch::zeros({1, 1, 2, 2}), full = torch::ones({1, 1, 2, 2});
  EXPECT_EQ(Measure(OutputKind::kDense, {empty, empty}).at("iou"), 100);
  EXPECT_EQ(Measure(OutputKind::kDense, {empty, full}).at("iou"), 0);
  EXPECT_EQ(Measure(OutputKind::kDense, {full, empty}).at("iou"), 0);
}

TEST(FidelityTest, EmbeddingsHaveAnAngle) {
  const OutputPair of = RandomOutputs({10, 16});
  const auto metrics = Measure(OutputKind::kEmbedding, of);
  ASSERT_EQ(metrics.size(), 3u);
  EXPECT_NEAR(metrics.at("cosine"),
              AsNumber(torch::cosine_similarity(of.teacher.to(torch::kFloat64),
                                                of.quantized.to(torch::kFloat64))
                           .mean()),
              kRounding);
  const torch::Tensor zero = torch::zeros({1, 3}), one = torch::ones({1, 3});
  EXPECT_EQ(Measure(OutputKind::kEmbedding, {zero, zero}).at("cosine"), 1);
  EXPECT_EQ(Measure(OutputKind::kEmbedding, {zero, one}).at("cosine"), 0);
  EXPECT_NEAR(Measure(OutputKind::kEmbedding, {one, -2 * one}).at("cosine"), -1, 1e-12);
}

TEST(FidelityTest, EqualOutputsHaveTheHighestSqnr) {
  const torch::Tensor outputs = RandomOutputs({4, 3}).teacher;
  const auto metrics = Measure(OutputKind::kClasses, {outputs, outputs});
  EXPECT_EQ(metrics.at("sqnr"), Fidelity::kMostSqnr);
  EXPECT_EQ(metrics.at("kl"), 0);
  EXPECT_EQ(metrics.at("agreement"), 100);
  EXPECT_EQ(Measure(OutputKind::kClasses, {torch::zeros({1, 3}), torch::ones({1, 3})}).at("sqnr"),
            -Fidelity::kMostSqnr);
}

TEST(FidelityTest, OutputsOfAnotherKindAreRefused) {
  const auto defect = [](OutputKind kind, std::vector<int64_t> shape) {
    return ErrorMessage(ErrorKind::kTrial, [&] { RequireOutput(kind, torch::zeros(shape)); });
  };
  EXPECT_EQ(defect(OutputKind::kClasses, {2, 3}), "no error");
  EXPECT_EQ(defect(OutputKind::kClasses, {2, 1, 4, 4}),
            "the network gives outputs of 4 dimensions, those of kind classes have 2: say output: "
            "dense");
  EXPECT_EQ(defect(OutputKind::kDense, {2, 3}),
            "the network gives outputs of 2 dimensions, those of kind dense have 4: say output: "
            "classes or embedding");
  EXPECT_EQ(
      defect(OutputKind::kEmbedding, {2, 3, 4}),
      "the network gives outputs of 3 dimensions, those of kind embedding have 2, and no kind "
      "of output has 3");
}

}  // namespace
}  // namespace zerosweep
