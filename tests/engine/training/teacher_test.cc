#include "engine/training/teacher.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "base/error.h"
#include "engine/graph/executor.h"
#include "engine/models/builder.h"
#include "engine/training/evaluate.h"

namespace zerosweep {
namespace {

constexpr int kClasses = 4;

// A small network of the kind that is trained: convolution, batch norm, ReLU, classifier.
Graph Network() {
  GraphBuilder build({1, 8, 8});
  Value x = build.Conv("conv1", build.Input(),
                       {.in = 1, .out = 8, .kernel = 3, .stride = 2, .padding = 1});
  x = build.Apply("relu1", Op::kRelu, {build.BatchNorm("bn1", x, 8)});
  x = build.Conv("conv2", x, {.in = 8, .out = 16, .kernel = 3, .stride = 2, .padding = 1});
  x = build.Apply("relu2", Op::kRelu, {build.BatchNorm("bn2", x, 16)});
  x = build.Apply("pool", Op::kGlobalAvgPool, {x});
  x = build.Apply("flatten", Op::kFlatten, {x});
  return build.Finish(build.Linear("fc", x, 16, kClasses));
}

// 64 noise images with labels that only their pixels tell.
Dataset Tiny() {
  torch::manual_seed(11);
  return {.name = "tiny",
          .split = "train",
          .images = ImagesInMemory(torch::randint(256, {64, 1, 8, 8}).to(torch::kUInt8)),
          .labels = torch::randint(kClasses, {64}, torch::kInt64),
          .classes = kClasses};
}

const Normalisation kNormalisation{{0.5}, {0.29}};

TeacherRecipe Recipe() {
  return {.epochs = 60,
          .batch = 16,
          .lr = 0.1,
          .weight_decay = 0,
          .crop_padding = 0,
          .flip = false,
          .seed = 4};
}

TEST(TeacherTest, OverfitsATinySet) {
  const Dataset data = Tiny();
  std::vector<TeacherProgress> epochs;
  const Graph trained = TrainTeacher(Network(), data, data, kNormalisation, Recipe(),
                                     [&](const TeacherProgress& now, const Graph&) {
                                       if (now.test_top1) epochs.push_back(now);
                                     });
  const Evaluation result = Evaluate(trained, data, kNormalisation);
  EXPECT_EQ(result.right, 64);
  ASSERT_EQ(epochs.size(), 60u);
  EXPECT_LT(epochs.back().loss, 0.1 * epochs.front().loss);
  EXPECT_EQ(epochs.back().images, 60 * 64);
  EXPECT_EQ(epochs.back().total_images, 60 * 64);
  EXPECT_EQ(*epochs.back().test_top1, 1.0);
  for (const auto& [key, tensor] : StateOf(trained)) EXPECT_FALSE(tensor.requires_grad()) << key;
}

TEST(TeacherTest, TheSameSeedGivesTheSameBits) {
  const Dataset data = Tiny();
  TeacherRecipe recipe = Recipe();
  recipe.epochs = 2;
  recipe.crop_padding = 1;
  recipe.flip = true;
  const auto train = [&] {
    return StateOf(TrainTeacher(Network(), data, data, kNormalisation, recipe));
  };
  const auto first = train(), second = train();
  for (const auto& [key, tensor] : first) EXPECT_TRUE(torch::equal(tensor, second.at(key))) << key;
  recipe.seed = 5;
  EXPECT_FALSE(torch::equal(train().at("conv1.weight"), first.at("conv1.weight")));
}

TEST(TeacherTest, TheFirstStepIsSgdAtTheWarmUpsFirstRate) {
  // One step without momentum moves the bias of the classifier by rate · gradient, the gradient of
  // the mean cross-entropy being softmax − target, averaged.
  const Dataset data = Tiny();
  TeacherRecipe recipe = Recipe();
  recipe.epochs = 1;
  recipe.batch = 64;
  recipe.momentum = 0;
  recipe.weight_decay = 1;  // must not touch a bias
  recipe.warmup_epochs = 4;
  Graph before = Network();
  InitialiseParameters(before, recipe.seed);
  const torch::Tensor images =
      Normalise(data.Images(0, data.size()), kNormalisation.mean, kNormalisation.std);
  const Graph statistics = before.Clone();
  const torch::Tensor logits = zerosweep::Run(statistics, images, {}, BatchNormMode::kTrain);
  const torch::Tensor gradient =
      (logits.softmax(1) - torch::one_hot(data.labels, kClasses)).mean(0).detach();
  const Graph after = TrainTeacher(Network(), data, data, kNormalisation, recipe);
  const int fc = after.Find("fc");
  const torch::Tensor expected = before.nodes[fc].parameters.at("bias") - 0.1 / 4 * gradient;
  // The sum over 64 images in another order: some 1e-7.
  EXPECT_TRUE(torch::allclose(after.nodes[fc].parameters.at("bias"), expected, 0, 1e-6));
  // The running statistics are those of one batch: 0.9 r + 0.1 batch.
  const int bn = after.Find("bn1");
  EXPECT_TRUE(torch::allclose(after.nodes[bn].parameters.at("running_mean"),
                              statistics.nodes[bn].parameters.at("running_mean"), 0, 1e-6));
}

TEST(TeacherTest, ALossThatExplodesFailsTheTrial) {
  TeacherRecipe recipe = Recipe();
  recipe.lr = 1e30;
  recipe.warmup_epochs = 0;
  try {
    TrainTeacher(Network(), Tiny(), Tiny(), kNormalisation, recipe);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kTrial);
    EXPECT_NE(std::string(error.what()).find("lower the learning rate"), std::string::npos);
  }
}

TEST(TeacherTest, RecipesGoThroughJson) {
  TeacherRecipe recipe = Recipe();
  recipe.label_smoothing = 0.1;
  Json json = recipe;
  json.erase("seed");
  TeacherRecipe read = TeacherParams().Read("train", json);
  read.seed = recipe.seed;
  EXPECT_EQ(Json(read), Json(recipe));
  EXPECT_EQ(Json(TeacherParams().Read("train", Json::object())), Json(TeacherRecipe{}));
}

// The "network" that says class `k` with logit 2 for every image.
Forward Always(int64_t k) {
  return [k](const torch::Tensor& images) {
    torch::Tensor logits = torch::zeros({images.size(0), kClasses});
    logits.select(1, k).fill_(2);
    return logits;
  };
}

Evaluation EvaluateAlways(int64_t k, const Dataset& data, int64_t limit, int64_t batch) {
  return EvaluateForwards({Always(k)}, data, kNormalisation, limit, batch).front();
}

TEST(TeacherTest, EvaluationCountsAndKeepsEachImage) {
  Dataset data = Tiny();
  data.labels = (torch::arange(64) % 4).to(torch::kInt64);
  const Evaluation all = EvaluateAlways(1, data, 0, 10);
  EXPECT_EQ(all.images, 64);
  EXPECT_EQ(all.right, 16);
  EXPECT_EQ(all.top1, 0.25);
  EXPECT_TRUE(torch::equal(all.correct, data.labels == 1));
  const double log_sum = std::log(std::exp(2) + 3);
  EXPECT_NEAR(all.loss, log_sum - 2 * 0.25, 1e-6);
  EXPECT_EQ(EvaluateAlways(1, data, 6, 4).right, 2);
  EXPECT_EQ(EvaluateAlways(1, data, 1000, 100).images, 64);
}

TEST(TeacherTest, SeveralNetworksReadEachImageOnce) {
  Dataset data = Tiny();
  data.labels = (torch::arange(64) % 3).to(torch::kInt64);
  torch::Tensor seen;
  const Forward remembers = [&](const torch::Tensor& images) {
    seen = images;
    return Always(0)(images);
  };
  const Forward compares = [&](const torch::Tensor& images) {
    EXPECT_TRUE(images.is_same(seen));
    return Always(2)(images);
  };
  const std::vector<Evaluation> both =
      EvaluateForwards({remembers, compares}, data, kNormalisation, 50, 7);
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both[0].right, 17);
  EXPECT_EQ(both[1].right, 16);
  EXPECT_TRUE(torch::equal(both[1].predictions, torch::full({50}, 2, torch::kInt32)));
  EXPECT_EQ(both[1].loss, EvaluateAlways(2, data, 50, 7).loss);
}

TEST(TeacherTest, AnotherRightClassCountsAsRight) {
  Dataset data = Tiny();
  data.labels = (torch::arange(64) % 4).to(torch::kInt64);
  // Image 0 may be 1 or 2, image 2 may be 3, image 60 may be 1.
  data.also_right = torch::tensor({{0, 1}, {0, 2}, {2, 3}, {60, 1}}, torch::kInt64);
  const Evaluation all = EvaluateAlways(1, data, 0, 10);
  EXPECT_EQ(all.right, 16 + 2);
  EXPECT_TRUE(all.correct[0].item<bool>());
  EXPECT_FALSE(all.correct[2].item<bool>());
  EXPECT_EQ(EvaluateAlways(1, data, 60, 7).right, 15 + 1) << "without the images beyond";
  EXPECT_EQ(EvaluateAlways(3, data, 0, 64).right, 16 + 1);
  EXPECT_EQ(EvaluateAlways(0, data, 0, 64).right, 16);
  const double log_sum = std::log(std::exp(2) + 3);
  EXPECT_NEAR(all.loss, log_sum - 2 * 0.25, 1e-6) << "the loss is that of the class alone";
}

TEST(TeacherTest, WithoutLabelsThereArePredictionsAlone) {
  Dataset data = Tiny();
  data.labels = torch::Tensor();
  const Evaluation all = EvaluateAlways(2, data, 0, 10);
  EXPECT_FALSE(all.is_labelled);
  EXPECT_EQ(all.images, 64);
  EXPECT_TRUE(torch::equal(all.predictions, torch::full({64}, 2, torch::kInt32)));
  EXPECT_FALSE(all.correct.defined());
  const Forward maps = [](const torch::Tensor& images) { return images.slice(1, 0, 1); };
  EXPECT_FALSE(EvaluateForwards({maps}, data, kNormalisation, 0, 10).front().predictions.defined());
}

}  // namespace
}  // namespace zerosweep
