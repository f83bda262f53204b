#include "engine/optim/optimiser.h"

#include <gtest/gtest.h>
#include <torch/optim.h>

#include <cmath>

namespace zerosweep {
namespace {

using Shape = RateSchedule::Shape;

// Σ (x − target)² scaled unevenly, so that every element moves differently.
torch::Tensor Loss(const torch::Tensor& x) {
  const torch::Tensor scale = torch::arange(1, x.numel() + 1, torch::kFloat32);
  return (scale * (x - 3).square()).sum();
}

template <typename Optimiser>
void Train(Optimiser& optimiser, const torch::Tensor& x, int steps) {
  for (int i = 0; i < steps; ++i) {
    optimiser.ZeroGrad();
    Loss(x).backward();
    optimiser.Step();
  }
}

// Going on from a saved state, in a fresh optimiser over other tensors, gives the same bits.
template <typename Settings>
void ExpectResumable(const Settings& settings) {
  const auto make = [&](const torch::Tensor& x) {
    return Optimiser({{.parameters = {x}, .lr = 0.01, .weight_decay = 0.1}}, settings);
  };
  torch::Tensor straight = torch::zeros({5}).set_requires_grad(true);
  Optimiser first = make(straight);
  Train(first, straight, 7);
  first.SetLearningRate(0.003);
  CheckpointState state;
  first.Save("opt", state);
  Train(first, straight, 5);

  torch::Tensor resumed = torch::ones({5}).set_requires_grad(true);
  Optimiser second = make(resumed);
  second.Restore("opt", state);
  EXPECT_EQ(second.learning_rate(), 0.003);
  Train(second, resumed, 5);
  EXPECT_TRUE(torch::equal(straight, resumed));
}

TEST(OptimiserTest, AdamGoesOnFromASavedState) { ExpectResumable(AdamSettings{}); }

TEST(OptimiserTest, SgdGoesOnFromASavedState) {
  ExpectResumable(SgdSettings{.momentum = 0.9, .nesterov = true});
}

TEST(OptimiserTest, AStateBeforeTheFirstStepRestoresToo) {
  torch::Tensor x = torch::zeros({5}).set_requires_grad(true);
  Optimiser adam({{.parameters = {x}, .lr = 0.01}}, AdamSettings{});
  CheckpointState state;
  adam.Save("opt", state);
  Train(adam, x, 3);
  const torch::Tensor once = x.detach().clone();
  adam.Restore("opt", state);
  EXPECT_TRUE(torch::equal(x, torch::zeros({5})));
  Train(adam, x, 3);
  EXPECT_TRUE(torch::equal(x, once));
}

// Two parameters with weight decay, the second of which has no gradient in the first step.
template <typename Reference>
void ExpectUpdatesOf(Reference&& reference, const Optimiser::Settings& settings,
                     const std::vector<torch::Tensor>& theirs) {
  const std::vector<torch::Tensor> ours = {torch::zeros({5}).set_requires_grad(true),
                                           torch::ones({3}).set_requires_grad(true)};
  Optimiser optimiser({{.parameters = ours, .lr = 0.01, .weight_decay = 0.1}}, settings);
  for (int step = 0; step < 6; ++step) {
    const auto loss = [step](const std::vector<torch::Tensor>& of) {
      return step == 0 ? Loss(of[0]) : Loss(of[0]) + Loss(of[1]);
    };
    optimiser.ZeroGrad();
    loss(ours).backward();
    optimiser.Step();
    reference.zero_grad();
    loss(theirs).backward();
    reference.step();
    for (size_t i = 0; i < 2; ++i)
      ASSERT_TRUE(torch::allclose(ours[i], theirs[i], 1e-6, 1e-7)) << step << " " << i;
  }
}

TEST(OptimiserTest, UpdatesArePyTorchs) {
  const auto parameters = [] {
    return std::vector<torch::Tensor>{torch::zeros({5}).set_requires_grad(true),
                                      torch::ones({3}).set_requires_grad(true)};
  };
  const std::vector<torch::Tensor> adam = parameters();
  ExpectUpdatesOf(torch::optim::Adam(adam, torch::optim::AdamOptions(0.01).weight_decay(0.1)),
                  AdamSettings{}, adam);
  for (const double momentum : {0.0, 0.9}) {
    for (const bool nesterov : {false, momentum > 0}) {
      const std::vector<torch::Tensor> sgd = parameters();
      ExpectUpdatesOf(
          torch::optim::SGD(
              sgd,
              torch::optim::SGDOptions(0.01).momentum(momentum).nesterov(nesterov).weight_decay(
                  0.1)),
          SgdSettings{.momentum = momentum, .nesterov = nesterov}, sgd);
    }
  }
}

TEST(OptimiserTest, GroupsHaveTheirOwnRates) {
  torch::Tensor a = torch::zeros({1}).set_requires_grad(true), b = torch::zeros({1});
  b.set_requires_grad(true);
  Optimiser sgd({{.parameters = {a}, .lr = 0.1}, {.parameters = {b}, .lr = 0.2}}, SgdSettings{});
  sgd.SetLearningRate(1, 0.4);
  sgd.ZeroGrad();
  (a + b).sum().backward();
  sgd.Step();
  EXPECT_FLOAT_EQ(a.item<float>(), -0.1F);
  EXPECT_FLOAT_EQ(b.item<float>(), -0.4F);
}

// Against LibTorch's own scheduler on a loss that falls, stalls, jitters and falls again.
TEST(OptimiserTest, PlateauScheduleIsPyTorchs) {
  torch::Tensor x = torch::zeros({1}).set_requires_grad(true);
  torch::optim::SGD sgd({x}, torch::optim::SGDOptions(0.5));
  torch::optim::ReduceLROnPlateauScheduler reference(
      sgd, torch::optim::ReduceLROnPlateauScheduler::min, /*factor=*/0.5F, /*patience=*/3,
      /*threshold=*/1e-4, torch::optim::ReduceLROnPlateauScheduler::rel, /*cooldown=*/0, {0.01F});
  PlateauSchedule schedule({.factor = 0.5, .patience = 3, .min_lr = 0.01});
  double lr = 0.5;
  int falls = 0;
  for (int i = 0; i < 200; ++i) {
    const double loss = i < 20 ? 10.0 - 0.2 * i : 6 + 0.01 * std::sin(i) - (i > 100 ? 1 : 0);
    reference.step(static_cast<float>(loss));
    const double next = schedule.Next(loss, lr);
    falls += next < lr ? 1 : 0;
    lr = next;
    ASSERT_NEAR(lr, sgd.param_groups()[0].options().get_lr(), 1e-8) << "step " << i;
  }
  EXPECT_GE(falls, 5);
  EXPECT_NEAR(lr, 0.01, 1e-8);
}

TEST(OptimiserTest, CosineFallsFromBaseToLowest) {
  EXPECT_DOUBLE_EQ(CosineRate(0.2, 0, 100), 0.2);
  EXPECT_NEAR(CosineRate(0.2, 50, 100), 0.1, 1e-12);
  EXPECT_NEAR(CosineRate(0.2, 100, 100), 0, 1e-12);
  EXPECT_NEAR(CosineRate(0.2, 500, 100, 0.05), 0.05, 1e-12);
}

// GDFQ's multi_step policy: 400 epochs of 200 steps, × 0.1 where epoch + 1 > 100, 200, 300, by a
// loop of its own. The student waits for the first 4 epochs of the same clock.
TEST(OptimiserTest, TheStepScheduleFallsAtTheEpochsOfTheReleasedCode) {
  const RateSchedule all{.shape = Shape::kStep, .total = 80000};
  for (const auto& [step, factor] :
       {std::pair{0, 1.0}, {19999, 1.0}, {20000, 0.1}, {40000, 0.01}, {60000, 0.001}})
    EXPECT_DOUBLE_EQ(all.Factor(step), factor) << step;
  const RateSchedule student{.shape = Shape::kStep, .total = 80000, .start = 800};
  for (int64_t epoch = 4; epoch < 400; ++epoch) {
    double factor = 1;
    for (const int fall : {100, 200, 300}) factor *= epoch + 1 > fall ? 0.1 : 1;
    for (const int64_t step : {epoch * 200, epoch * 200 + 199})
      EXPECT_NEAR(student.Factor(step - 800), factor, 1e-12) << step;
  }
}

TEST(OptimiserTest, FallsAreSharesOfTheStepsAfterTheRamp) {
  const RateSchedule rate{.shape = Shape::kStep, .total = 110, .ramp = 10, .falls = {0.3, 0.6}};
  for (const auto& [step, factor] :
       {std::pair{0, 0.1}, {9, 1.0}, {10, 1.0}, {39, 1.0}, {40, 0.1}, {69, 0.1}, {70, 0.01}})
    EXPECT_DOUBLE_EQ(rate.Factor(step), factor) << step;
}

// Σ cos²(πk/2n) over k = 0 … n − 1 is (n + 1)/2.
TEST(OptimiserTest, TheSumOfAScheduleIsThatOfItsFactors) {
  EXPECT_NEAR((RateSchedule{.shape = Shape::kCosine, .total = 600}.Sum(600)), 300.5, 1e-9);
  EXPECT_DOUBLE_EQ((RateSchedule{.shape = Shape::kConstant, .total = 7}.Sum(7)), 7);
  EXPECT_NEAR((RateSchedule{.shape = Shape::kStep, .total = 80000, .start = 800}.Sum(79200)), 21420,
              1e-6);  // 19,200 + 2,000 + 200 + 20
}

}  // namespace
}  // namespace zerosweep
