#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "engine/synthesis/synthesizer.h"
#include "methods/dsg/objective.h"
#include "tests/support/engine/batch_norm_inputs.h"
#include "tests/support/engine/synthesizer_checks.h"

namespace zerosweep {
namespace {

const Json kExtended = {{"lr", 0.9},         {"sci_weight", 1},   {"ce_weight", 2},
                        {"tv_weight", 0.01}, {"l2_weight", 0.01}, {"slack_images", 16}};

SyntheticData SynthesizeDsg(const Teacher& teacher, const Json& given, uint64_t seed = 0) {
  return SynthesizeWith("dsg", teacher, given, seed);
}

// The objective for images x of a first batch.
std::map<std::string, torch::Tensor> DsgTerms(const Teacher& teacher, const Json& given,
                                              const std::vector<Slack>& slacks,
                                              const torch::Tensor& x, int64_t iteration = 0) {
  const DsgSettings settings = DsgParams().Read("dsg", given);
  QuietProgress progress;
  NoCheckpoints none;
  const SynthesisContext context{
      .teacher = teacher, .random = RandomStreams(0), .progress = progress, .checkpoints = none};
  return DsgObjective(context, settings, slacks, {0, 0, x.size(0)}).Terms(x, iteration);
}

// Section 2.1 and 2.2 once more, number by number in double precision. `weight(layer, image)`.
template <typename Weight>
double AlignmentByHand(const Teacher& teacher, const torch::Tensor& images,
                       const std::vector<Slack>& slacks, const Weight& weight) {
  double total = 0;
  const auto beyond = [](double distance, double slack) {
    return std::pow(std::max(std::abs(distance) - slack, 0.0), 2);
  };
  const auto add = [&](const torch::Tensor& x, const torch::Tensor& mean,
                       const torch::Tensor& variance, const Slack& slack, const auto& weight_of) {
    for (int64_t b = 0; b < x.size(0); ++b) {
      for (int64_t c = 0; c < x.size(1); ++c) {
        const torch::Tensor map = x[b][c].to(torch::kFloat64).flatten();
        const double mu = map.mean().item<double>();
        const double n = static_cast<double>(map.numel());
        const double sigma = std::sqrt((map - mu).square().sum().item<double>() / (n - 1) + 1e-6);
        const double s = std::sqrt(variance[c].item<double>() + 1e-6);
        total += weight_of(b) *
                 (beyond(mu - mean[c].item<double>(), slack.mean) + beyond(sigma - s, slack.std)) /
                 static_cast<double>(x.size(0));
      }
    }
  };
  add(images, torch::zeros(3), torch::full({3}, 1 - 1e-6), {}, [](int64_t) { return 1.0; });
  int64_t layer = 0;
  VisitBatchNormInputs(teacher.graph, images, [&](const Node& bn, const torch::Tensor& input) {
    add(input, bn.parameters.at("running_mean"), bn.parameters.at("running_var"),
        slacks.at(static_cast<size_t>(layer)), [&](int64_t b) { return weight(layer, b); });
    ++layer;
  });
  return total;
}

TEST(DsgTest, AlignmentIsTheSpecificationsUnderBothEnhancements) {
  const Teacher teacher = TinyTeacher();
  torch::manual_seed(3);
  const torch::Tensor x = torch::randn({5, 3, 8, 8});
  const std::vector<Slack> slacks = {{0.1, 0.2}, {0.3, 0.05}};
  // The tiny network has two batch norms. float32 sums: 1e-5 relative.
  const double own = AlignmentByHand(teacher, x, slacks, [](int64_t layer, int64_t image) {
    return image % 2 == layer ? 2.0 : 1.0;
  });
  EXPECT_NEAR(DsgTerms(teacher, {{"lse", "own_layer"}}, slacks, x).at("alignment").item<double>(),
              own, 1e-5 * own);
  const double code = AlignmentByHand(
      teacher, x, slacks, [](int64_t layer, int64_t image) { return image == layer ? 4.0 : 1.0; });
  EXPECT_NEAR(DsgTerms(teacher, {{"lse", "first_20"}}, slacks, x).at("alignment").item<double>(),
              code, 1e-5 * code);
}

TEST(DsgTest, WithoutSlackAndEnhancementItIsZeroq) {
  const Teacher teacher = TinyTeacher();
  const Json same = {
      {"images", 4}, {"batch", 4}, {"iterations", 3}, {"init", "gaussian"}, {"lr", 0.1}};
  const SyntheticData zeroq = SynthesizeWith("zeroq", teacher, same, 7);
  const SyntheticData dsg =
      SynthesizeDsg(teacher, Merged(same, {{"slack", false}, {"lse", "none"}}), 7);
  for (const char* loss : {"initial_loss", "final_loss"}) {
    EXPECT_NEAR(dsg.metrics.at(loss), zeroq.metrics.at(loss), 1e-5 * zeroq.metrics.at(loss));
  }
  EXPECT_TRUE(torch::allclose(dsg.images, zeroq.images, 0, 1e-3));
}

TEST(DsgTest, EnhancementWeightsAreThoseOfThePaperAndOfTheCode) {
  const torch::Tensor own = EnhancementWeights(Enhancement::kOwnLayer, 1, 5, 3);
  EXPECT_TRUE(torch::equal(
      own, torch::tensor(
               {{1.F, 1.F, 2.F, 1.F, 1.F}, {2.F, 1.F, 1.F, 2.F, 1.F}, {1.F, 2.F, 1.F, 1.F, 2.F}})));
  // Images and layers from the 21st on are never enhanced, wherever the batch lies.
  const torch::Tensor code = EnhancementWeights(Enhancement::kFirstTwenty, 40, 40, 53);
  EXPECT_EQ((code == 4).sum().item<int64_t>(), 20);
  EXPECT_EQ(code[19][19].item<float>(), 4);
  EXPECT_EQ(code.sum().item<float>(), 40 * 53 + 20 * 3);
  EXPECT_TRUE((EnhancementWeights(Enhancement::kNone, 0, 2, 2) == 1).all().item<bool>());
}

// Against all values of all images at once, in double precision.
TEST(DsgTest, SlacksAreThePercentileOverChannelsOfGaussianImages) {
  const Teacher teacher = TinyTeacher();
  const RandomStreams random(5);
  constexpr int64_t kImages = 70;  // more than one chunk
  QuietProgress progress;
  const std::vector<Slack> slacks = GaussianSlacks(teacher, 0.75, kImages, random, progress);
  EXPECT_GT(progress.reports["Gaussian images"], 1) << "a stage that says nothing counts as hung";
  const torch::Tensor x = random.NormalForSamples(0, "slack_image", {kImages, 3, 8, 8});
  size_t layer = 0;
  VisitBatchNormInputs(teacher.graph, x, [&](const Node& bn, const torch::Tensor& input) {
    std::vector<double> mean, std;
    for (int64_t c = 0; c < 8; ++c) {
      const torch::Tensor values = input.select(1, c).to(torch::kFloat64);
      mean.push_back(std::abs(values.mean().item<double>() -
                              bn.parameters.at("running_mean")[c].item<double>()));
      std.push_back(std::abs(std::sqrt(values.var().item<double>() + 1e-6) -
                             std::sqrt(bn.parameters.at("running_var")[c].item<double>() + 1e-6)));
    }
    std::sort(mean.begin(), mean.end());
    std::sort(std.begin(), std.end());
    EXPECT_NEAR(slacks[layer].mean, mean[5], 1e-5);  // the 6th of 8
    EXPECT_NEAR(slacks[layer].std, std[5], 1e-5);
    ++layer;
  });
  EXPECT_EQ(layer, slacks.size());
}

TEST(DsgTest, StatisticsWithinTheSlackHaveNoLossAndNoGradient) {
  torch::Tensor mean = torch::full({2, 3}, 0.5).set_requires_grad(true);
  const torch::Tensor loss = AlignmentLoss(mean, torch::full({2, 3}, 1 - 1e-6), torch::zeros(3),
                                           torch::ones(3), {.mean = 0.6, .std = 0.1});
  loss.sum().backward();
  EXPECT_TRUE((loss == 0).all().item<bool>());
  EXPECT_TRUE((mean.grad() == 0).all().item<bool>());
}

TEST(DsgTest, TheExtendedTermsAreTheSpecifications) {
  const Teacher teacher = TinyTeacher();
  torch::manual_seed(4);
  const torch::Tensor x = torch::randn({3, 3, 8, 8});
  const torch::Tensor wide = x.to(torch::kFloat64);
  const auto terms = DsgTerms(teacher, kExtended, std::vector<Slack>(2), x, 9);
  double l2 = 0, sci = 0, tv = 0;
  for (int64_t i = 0; i < 3; ++i) {
    const torch::Tensor a = wide[i].flatten();
    l2 += std::sqrt(a.square().sum().item<double>()) / 3;
    for (int64_t j = 0; j < 3; ++j) {
      const torch::Tensor b = wide[j].flatten();
      const double cosine = ((a * b).sum() / (a.norm() * b.norm())).item<double>();
      if (i != j) sci += cosine * cosine / 6;
    }
  }
  EXPECT_NEAR(terms.at("l2").item<double>(), 0.01 * l2, 1e-6);
  EXPECT_NEAR(terms.at("sci").item<double>(), sci / 2, 1e-6);
  const int64_t roll = static_cast<int64_t>(RandomStreams(0).Shared(9, "roll").Below(60)) - 30;
  const torch::Tensor rolled = torch::roll(wide, {roll, roll}, {2, 3});
  const auto pixels = rolled.accessor<double, 4>();
  const int64_t steps[][2] = {{0, 1}, {1, 0}, {1, 1}, {1, -1}};
  for (const auto& [dy, dx] : steps) {
    double squares = 0;
    for (int64_t b = 0; b < 3; ++b) {
      for (int64_t c = 0; c < 3; ++c) {
        for (int64_t i = 0; i + dy < 8; ++i) {
          for (int64_t j = std::max<int64_t>(-dx, 0); j < 8 && j + dx < 8; ++j)
            squares += std::pow(pixels[b][c][i][j] - pixels[b][c][i + dy][j + dx], 2);
        }
      }
    }
    tv += std::sqrt(squares);
  }
  EXPECT_NEAR(terms.at("tv").item<double>(), 0.01 * tv, 1e-6 * tv);
  const torch::Tensor logits = zerosweep::Run(teacher.graph, x).to(torch::kFloat64);
  double ce = 0;
  for (int64_t i = 0; i < 3; ++i) {
    const int64_t label = RandomStreams(0).ForSample(0, "label", static_cast<uint64_t>(i)).Below(4);
    ce += (torch::logsumexp(logits[i], 0) - logits[i][label]).item<double>() / 3;
  }
  EXPECT_NEAR(terms.at("ce").item<double>(), 2 * ce, 1e-5);
}

TEST(DsgTest, TheConferenceVersionHasAlignmentAlone) {
  const auto terms =
      DsgTerms(TinyTeacher(), Json::object(), std::vector<Slack>(2), torch::randn({2, 3, 8, 8}));
  EXPECT_EQ(terms.size(), 1U);
}

TEST(DsgTest, CorrelationInhibitionDecorrelatesImagesAndTheReleasedOneDoesNothing) {
  torch::manual_seed(6);
  const torch::Tensor x =
      (torch::randn({4, 3, 8, 8}) + torch::randn({1, 3, 8, 8})).set_requires_grad(true);
  const torch::Tensor loss = CorrelationLoss(x);
  loss.backward();
  ASSERT_GT(x.grad().abs().max().item<double>(), 0);
  const torch::Tensor moved = x.detach() - 20 * x.grad();
  EXPECT_LT(CorrelationLoss(moved).item<double>(), loss.item<double>());
  EXPECT_EQ(CorrelationLoss(torch::ones({1, 3, 8, 8})).item<double>(), 0);
  const Json released = Merged(kExtended, {{"sci", "none"}});
  EXPECT_FALSE(DsgTerms(TinyTeacher(), released, std::vector<Slack>(2), x).contains("sci"));
}

// Cross-entropy, total variation and norm of the extended version cannot all vanish: a fifth is
// what the alignment's share of the first loss allows.
TEST(DsgTest, TheLossFallsInBothVersions) {
  const Json budget = {
      {"images", 8}, {"batch", 8}, {"iterations", 100}, {"lr", 0.1}, {"slack_images", 16}};
  const SyntheticData conference = SynthesizeDsg(TinyTeacher(), budget);
  EXPECT_LT(conference.metrics.at("final_loss"), 0.5 * conference.metrics.at("initial_loss"));
  const SyntheticData extended = SynthesizeDsg(TinyTeacher(), Merged(kExtended, budget));
  EXPECT_LT(extended.metrics.at("final_loss"), 0.8 * extended.metrics.at("initial_loss"));
}

TEST(DsgTest, OnlyTheExtendedVersionHasLabels) {
  const Json few = {{"images", 5}, {"batch", 2}, {"iterations", 1}, {"slack_images", 4}};
  EXPECT_FALSE(SynthesizeDsg(TinyTeacher(), few).labels.defined());
  const SyntheticData data = SynthesizeDsg(TinyTeacher(), Merged(kExtended, few));
  EXPECT_EQ(data.labels.sizes(), (std::vector<int64_t>{5}));
  EXPECT_EQ(data.images.size(0), 5);
  EXPECT_EQ(data.curves.at("ce").ToJson().at("y").size(), 1U);
}

TEST(DsgTest, TheCodesInitialImagesAreUniformAndThePapersGaussian) {
  const Json still = {
      {"images", 32}, {"batch", 32}, {"iterations", 1}, {"lr", 0.0}, {"slack", false}};
  const torch::Tensor uniform =
      SynthesizeDsg(TinyTeacher(), Merged(still, {{"init", "uniform"}})).images;
  EXPECT_GE(uniform.min().item<double>(), 0);
  EXPECT_LT(uniform.max().item<double>(), 1);
  EXPECT_NEAR(uniform.mean().item<double>(), 0.5, 0.02);
  const torch::Tensor gaussian =
      SynthesizeDsg(TinyTeacher(), Merged(still, {{"init", "gaussian"}})).images;
  EXPECT_NEAR(gaussian.std().item<double>(), 1, 0.03);
}

TEST(DsgTest, SameSeedSameBitsAndAnotherSeedOtherImages) {
  ExpectSameSeedSameBits("dsg",
                         Merged(kExtended, {{"images", 2}, {"batch", 2}, {"iterations", 2}}));
}

TEST(DsgTest, ANetworkWithoutBatchNormIsRefused) {
  for (const bool slack : {true, false})
    ExpectRefusedWithoutBatchNorm("dsg", {{"images", 2}, {"iterations", 1}, {"slack", slack}});
}

TEST(DsgTest, AnInterruptedSynthesisGoesOnBitForBit) {
  ExpectResumesBitForBit(
      "dsg",
      Merged(kExtended, {{"images", 5}, {"batch", 2}, {"iterations", 6}, {"plateau_patience", 0}}),
      {1, 6, 9, 12, 18});
}

}  // namespace
}  // namespace zerosweep
