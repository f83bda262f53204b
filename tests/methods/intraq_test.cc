#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "engine/data/random_view.h"
#include "engine/models/builder.h"
#include "engine/synthesis/labels.h"
#include "methods/intraq/objective.h"
#include "tests/support/engine/batch_norm_inputs.h"
#include "tests/support/engine/synthesizer_checks.h"

namespace zerosweep {
namespace {

// No margin can be crossed (1 − cos lies in [0, 2]), all targets are 1, whole images.
const Json kPlain = {{"lambda_lower", 0.0}, {"lambda_upper", 2.0}, {"epsilon", 1.0},
                     {"eta", 1.0},          {"flip", 0.0},         {"reinforcement", 0.0}};

struct IntraqTest : testing::Test {
  IntraqObjective Objective(const Json& given, const ImageBatch& batch) {
    return IntraqObjective(context, IntraqParams().Read("intraq", given), batch);
  }
  torch::Tensor Labels(int64_t first, int64_t count) const {
    return UniformLabels(context.random, teacher.classes, first, count);
  }

  const Teacher teacher = TinyTeacher();
  QuietProgress progress;
  NoCheckpoints none;
  const SynthesisContext context{
      .teacher = teacher, .random = RandomStreams(2), .progress = progress, .checkpoints = none};
};

// Section 3.1 once more, channel by channel in double precision.
std::map<std::string, double> StatisticsByHand(const Teacher& teacher, const torch::Tensor& x) {
  std::map<std::string, double> terms;
  double layers = 0;
  VisitBatchNormInputs(teacher.graph, x, [&](const Node& bn, const torch::Tensor& input) {
    ++layers;
    const auto channels = static_cast<double>(input.size(1));
    for (int64_t c = 0; c < input.size(1); ++c) {
      const torch::Tensor values = input.select(1, c).to(torch::kFloat64).flatten();
      const double mean = values.mean().item<double>();
      const double variance = (values - mean).square().mean().item<double>();  // biased
      const auto running = [&](const char* name) {
        return bn.parameters.at(name)[c].item<double>();
      };
      terms["bn_mean"] += std::pow(mean - running("running_mean"), 2) / channels;
      terms["bn_variance"] += std::pow(variance - running("running_var"), 2) / channels;
    }
  });
  for (auto& [name, term] : terms) term /= layers;
  return terms;
}

// Check (6) of the specification: what remains is the batch norms' term and (p − 1)².
TEST_F(IntraqTest, WithoutMarginsSoftTargetsAndViewsItIsBatchNormPlusSquaredError) {
  torch::manual_seed(3);
  const torch::Tensor x = torch::randn({6, 3, 8, 8});
  const auto objective = Objective(kPlain, {1, 6, 6, {torch::randn({6, 3, 8, 8})}});
  for (const int64_t iteration : {0, 1, 2, 3})
    EXPECT_TRUE(torch::equal(objective.Seen(x, iteration), x));
  const auto terms = objective.Terms(x);
  const torch::Tensor p = torch::softmax(zerosweep::Run(teacher.graph, x).to(torch::kFloat64), 1);
  const torch::Tensor labels = Labels(6, 6);
  double inception = 0;
  for (int64_t i = 0; i < 6; ++i)
    inception += std::pow(p[i][labels[i].item<int64_t>()].item<double>() - 1, 2) / 6;
  auto expected = StatisticsByHand(teacher, x);
  expected["inception"] = inception;
  expected["margin_lower"] = expected["margin_upper"] = 0;
  ASSERT_EQ(terms.size(), expected.size());
  // float32 sums of some hundred values; 1 − cos of float32 may be 1e-7 below 0.
  for (const auto& [name, value] : expected)
    EXPECT_NEAR(terms.at(name).item<double>(), value, 1e-5 * value + 1e-6) << name;
}

// Against a loop over images with scalars.
TEST_F(IntraqTest, MarginsAreThoseToTheMeanOfFinishedImagesOfTheClass) {
  torch::manual_seed(4);
  const torch::Tensor x = torch::randn({8, 3, 8, 8});
  const std::vector<torch::Tensor> finished = {torch::randn({2, 3, 8, 8}),
                                               torch::randn({2, 3, 8, 8})};
  const double low = 0.02, high = 0.03;
  const auto terms = Objective(Merged(kPlain, {{"lambda_lower", low}, {"lambda_upper", high}}),
                               {2, 4, 8, finished})
                         .Terms(x);
  const torch::Tensor before = Features(teacher, torch::cat(finished)).to(torch::kFloat64);
  const torch::Tensor features = Features(teacher, x).to(torch::kFloat64);
  const torch::Tensor old_labels = Labels(0, 4), labels = Labels(4, 8);
  double lower = 0, upper = 0, images = 0;
  for (int64_t i = 0; i < 8; ++i) {
    torch::Tensor centre = torch::zeros({8}, torch::kFloat64);
    double count = 0;
    for (int64_t j = 0; j < 4; ++j) {
      if (old_labels[j].item<int64_t>() != labels[i].item<int64_t>()) continue;
      centre = centre + before[j];
      ++count;
    }
    if (count == 0) continue;
    const double cosine =
        ((features[i] * centre).sum() / (features[i].norm() * centre.norm())).item<double>();
    lower += std::max(low - (1 - cosine), 0.0);
    upper += std::max(1 - cosine - high, 0.0);
    ++images;
  }
  ASSERT_GT(images, 0) << "the case needs a class with a centre";
  ASSERT_LT(images, 8) << "the case needs a class without one";
  ASSERT_GT(lower + upper, 0);
  EXPECT_NEAR(terms.at("margin_lower").item<double>(), lower / images, 1e-6);
  EXPECT_NEAR(terms.at("margin_upper").item<double>(), upper / images, 1e-6);
}

TEST_F(IntraqTest, FeaturesAreTheInputOfTheLastLayer) {
  torch::manual_seed(5);
  const torch::Tensor x = torch::randn({3, 3, 8, 8});
  const Node& last = teacher.graph.nodes[static_cast<size_t>(FeatureLayer(teacher.graph))];
  const torch::Tensor logits = torch::addmm(last.parameters.at("bias"), Features(teacher, x),
                                            last.parameters.at("weight").t());
  EXPECT_TRUE(torch::allclose(logits, zerosweep::Run(teacher.graph, x), 1e-5, 1e-6));
}

// cos((1, 0), (1, 1)) = 1/√2, a distance of 0.2929; cos((0, 2), (0, 3)) = 1, a distance of 0.
TEST_F(IntraqTest, MarginsByHand) {
  const torch::Tensor features = torch::tensor({{1.F, 0.F}, {0.F, 2.F}, {5.F, 5.F}});
  const torch::Tensor centres = torch::tensor({{1.F, 1.F}, {0.F, 3.F}, {0.F, 0.F}});
  const Margins margins = MarginLoss(features, centres, torch::tensor({1.F, 1.F, 0.F}), 0.1, 0.2);
  EXPECT_NEAR(margins.lower.item<double>(), 0.1 / 2, 1e-6);
  EXPECT_NEAR(margins.upper.item<double>(), (1 - std::sqrt(0.5) - 0.2) / 2, 1e-6);
}

// Features shorter than 1e-6 have a cosine of less than 1 with themselves, and the mean divides by
// Σ m + 1e-6: (1e-7)² / (1e-6)² = 0.01.
TEST_F(IntraqTest, MarginsHaveTheEpsilonsOfTheReleasedCode) {
  const torch::Tensor tiny = torch::tensor({{1e-7, 0.0}}, torch::kFloat64);
  const torch::Tensor mask = torch::full({1}, 1e-6, torch::kFloat64);
  const Margins margins = MarginLoss(tiny, tiny, mask, 0, 0.09);
  EXPECT_NEAR(margins.upper.item<double>(), (1 - 0.01 - 0.09) * 0.5, 1e-6);
}

TEST_F(IntraqTest, WithoutAnyCentreMarginsAndTheirGradientAreZero) {
  torch::Tensor features = torch::tensor({{1.F, 2.F}, {0.F, 0.F}}).set_requires_grad(true);
  const Margins margins = MarginLoss(features, torch::zeros({2, 2}), torch::zeros(2), 0.1, 0.2);
  (margins.lower + margins.upper).backward();
  EXPECT_EQ(margins.lower.item<float>(), 0);
  EXPECT_EQ(margins.upper.item<float>(), 0);
  EXPECT_TRUE((features.grad() == 0).all().item<bool>()) << features.grad();
}

TEST_F(IntraqTest, CentresAreMeansAndClassesWithoutImagesAreUnknown) {
  const ClassCentres found = MeanFeatures(torch::tensor({{1.F, 2.F}, {3.F, 6.F}, {5.F, 5.F}}),
                                          torch::tensor({2, 2, 0}, torch::kInt64), 4);
  EXPECT_TRUE(torch::equal(found.known, torch::tensor({1.F, 0.F, 1.F, 0.F})));
  EXPECT_TRUE(
      torch::equal(found.centres, torch::tensor({{5.F, 5.F}, {0.F, 0.F}, {2.F, 4.F}, {0.F, 0.F}})));
}

// n = 4000: the share of ones has a deviation of 0.008, the mean of U(0.6, 1) one of 0.0026.
TEST_F(IntraqTest, HalfOfTheTargetsAreOneAndTheOthersUniform) {
  const torch::Tensor targets = SoftTargets(RandomStreams(1), 0.5, 0.6, 0, 4000);
  const torch::Tensor soft = targets.masked_select(targets < 1);
  EXPECT_NEAR(static_cast<double>(soft.numel()) / 4000, 0.5, 0.03);
  EXPECT_GE(soft.min().item<double>(), 0.6 - 1e-6);
  EXPECT_NEAR(soft.mean().item<double>(), 0.8, 0.01);
  EXPECT_NEAR(soft.std().item<double>(), 0.4 / std::sqrt(12), 0.01);
  // An image's target is its own, whatever batch it is drawn with.
  EXPECT_TRUE(
      torch::equal(SoftTargets(RandomStreams(1), 0.5, 0.6, 100, 50), targets.slice(0, 100, 150)));
  EXPECT_TRUE((SoftTargets(RandomStreams(1), 0.5, 1, 0, 100) == 1).all().item<bool>());
}

TEST_F(IntraqTest, OneCoinDecidesForTheBatchOrEachImageHasItsOwn) {
  torch::manual_seed(6);
  const torch::Tensor x = torch::randn({4, 3, 8, 8});
  for (const char* coin : {"batch", "image"}) {
    const auto objective =
        Objective({{"coin", coin}, {"eta", 0.1}, {"reinforcement", 0.3}}, {0, 0, 4});
    int whole[5] = {};  // iterations by the number of images that are seen whole
    double kept = 0;
    for (int64_t iteration = 0; iteration < 300; ++iteration) {
      const torch::Tensor same = (objective.Seen(x, iteration) == x).flatten(1).all(1);
      ++whole[same.sum().item<int64_t>()];
      kept += same.sum().item<double>() / 1200;
    }
    // 0.7 ± 0.027 for the batch (300 coins), ± 0.013 for images; a window that happens to be the
    // whole image is rare.
    EXPECT_NEAR(kept, 0.7, 0.08) << coin;
    const bool mixed = whole[1] + whole[2] + whole[3] > 30;
    EXPECT_EQ(mixed, std::string(coin) == "image");
  }
}

// The gradient of the whole objective through views against finite differences: a direction of x.
TEST_F(IntraqTest, TheGradientGoesThroughTheViews) {
  torch::manual_seed(7);
  const auto objective =
      Objective({{"reinforcement", 1.0}}, {1, 4, 4, {torch::randn({4, 3, 8, 8})}});
  const auto loss = [&](const torch::Tensor& x) {
    torch::Tensor sum = torch::zeros({});
    for (const auto& [name, term] : objective.Terms(objective.Seen(x, 0))) sum = sum + term;
    return sum;
  };
  torch::Tensor x = torch::randn({4, 3, 8, 8}).set_requires_grad(true);
  loss(x).backward();
  ASSERT_FALSE(torch::equal(objective.Seen(x.detach(), 0), x.detach()));
  const torch::Tensor direction = x.grad() / x.grad().norm();
  const double step = 1e-2;
  const double ahead = loss(x.detach() + step * direction).item<double>();
  const double behind = loss(x.detach() - step * direction).item<double>();
  // float32 losses of about 1 over a difference of 0.02, and the kinks of ReLUs: some percent.
  const double slope = x.grad().norm().item<double>();
  EXPECT_NEAR((ahead - behind) / (2 * step), slope, 0.05 * slope);
}

TEST_F(IntraqTest, TheLossFalls) {
  const SyntheticData data = SynthesizeWith(
      "intraq", teacher, {{"images", 8}, {"batch", 8}, {"iterations", 200}, {"lr", 0.1}});
  EXPECT_LT(data.metrics.at("final_loss"), 0.5 * data.metrics.at("initial_loss"));
}

TEST_F(IntraqTest, ImagesHaveTheirLabelsAndEveryTermACurve) {
  const SyntheticData data =
      SynthesizeWith("intraq", teacher, {{"images", 5}, {"batch", 2}, {"iterations", 4}}, 2);
  EXPECT_EQ(data.images.sizes(), (std::vector<int64_t>{5, 3, 8, 8}));
  EXPECT_TRUE(torch::equal(data.labels, Labels(0, 5)));
  for (const char* term :
       {"loss", "bn_mean", "bn_variance", "inception", "margin_lower", "margin_upper"})
    EXPECT_EQ(data.curves.at(term).count(), 4) << term;  // of one batch each
}

TEST_F(IntraqTest, SameSeedSameBitsAndAnotherSeedOtherImages) {
  ExpectSameSeedSameBits("intraq", {{"images", 4}, {"batch", 2}, {"iterations", 3}});
}

// Within the first batch, between batches, within the third, at the very end.
TEST_F(IntraqTest, AnInterruptedSynthesisGoesOnBitForBit) {
  ExpectResumesBitForBit("intraq",
                         {{"images", 7}, {"batch", 2}, {"iterations", 6}, {"plateau_patience", 0}},
                         {1, 6, 7, 15, 18, 24});
}

// As pytorchcv's MobileNetV2: the features are what the pool hands to the convolution.
TEST_F(IntraqTest, AConvolutionOfOnePixelIsAClassifierWithOrWithoutAFlatten) {
  torch::manual_seed(8);
  for (const bool flatten : {true, false}) {
    const Teacher other = ConvHeadTeacher(10, flatten);
    const torch::Tensor x = torch::randn({3, 3, 10, 10});
    torch::Tensor pooled;
    ForwardHooks hooks;
    hooks.replace_output[{other.graph.Find("relu2"), 0}] = [&](const torch::Tensor& output) {
      pooled = output.mean(at::IntArrayRef{2, 3});
      return output;
    };
    zerosweep::Run(other.graph, x, hooks);
    const torch::Tensor features = Features(other, x);
    ASSERT_EQ(features.sizes(), (std::vector<int64_t>{3, 8}));
    EXPECT_TRUE(torch::allclose(features, pooled, 1e-5, 1e-6));
    const SyntheticData data =
        SynthesizeWith("intraq", other, {{"images", 4}, {"batch", 2}, {"iterations", 3}});
    EXPECT_EQ(data.images.sizes(), (std::vector<int64_t>{4, 3, 10, 10}));
    EXPECT_EQ(data.curves.at("margin_lower").count(), 3);
  }
}

// The same weights behind a flatten, as a linear layer: the same terms.
TEST_F(IntraqTest, AConvolutionAsClassifierHasTheTermsOfALinearOne) {
  torch::manual_seed(9);
  const torch::Tensor x = torch::randn({6, 3, 10, 10});
  const std::vector<torch::Tensor> finished = {torch::randn({6, 3, 10, 10})};
  const IntraqSettings settings =
      IntraqParams().Read("intraq", {{"lambda_lower", 0.02}, {"lambda_upper", 0.03}});
  const auto terms_of = [&](const Teacher& of) {
    const SynthesisContext with{
        .teacher = of, .random = RandomStreams(2), .progress = progress, .checkpoints = none};
    return IntraqObjective(with, settings, {1, 6, 6, finished}).Terms(x);
  };
  const auto expected = terms_of(ConvHeadTeacher(10));
  EXPECT_GT((expected.at("margin_lower") + expected.at("margin_upper")).item<double>(), 0);
  for (const auto& [name, term] : terms_of(ConvHeadTeacher(10, /*flatten=*/false)))
    EXPECT_TRUE(torch::equal(term, expected.at(name))) << name;
  Teacher linear = ConvHeadTeacher(10);
  const int head = linear.graph.Find("output"), flatten = linear.graph.Find("flatten");
  Node& first = linear.graph.nodes[static_cast<size_t>(head)];
  Node& second = linear.graph.nodes[static_cast<size_t>(flatten)];
  second.op = Op::kLinear;
  second.parameters["weight"] = first.parameters.at("weight").flatten(1);
  second.parameters["bias"] = torch::zeros(4);
  first.op = Op::kFlatten;
  first.parameters.clear();
  first.attributes = Json::object();
  for (const auto& [name, term] : terms_of(linear))
    EXPECT_NEAR(term.item<double>(), expected.at(name).item<double>(), 1e-6) << name;
}

TEST_F(IntraqTest, NetworksWithoutBatchNormOrAClassifierAreRefused) {
  ExpectRefusedWithoutBatchNorm("intraq", {{"images", 2}, {"iterations", 1}});
  GraphBuilder build({3, 8, 8});
  Value x = build.Conv("conv", build.Input(), {.in = 3, .out = 4, .kernel = 3, .padding = 1});
  x = build.Apply("mean", Op::kGlobalAvgPool, {build.BatchNorm("bn", x, 4)});
  Teacher other = teacher;
  other.graph = build.Finish(build.Apply("flatten", Op::kFlatten, {x}));
  InitialiseParameters(other.graph, 1);
  try {
    SynthesizeWith("intraq", other, {{"images", 2}, {"iterations", 1}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_STREQ(error.what(),
                 "intraq needs a classifier that is a linear layer or a convolution of 1×1, and "
                 "this network's last layer 'conv' is a convolution of 3×3; take another "
                 "synthesizer");
  }
}

}  // namespace
}  // namespace zerosweep
