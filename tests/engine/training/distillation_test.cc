#include "engine/training/distillation.h"

#include <gtest/gtest.h>

namespace zerosweep {
namespace {

// KL of one image pair by hand, at a temperature.
double Divergence(const torch::Tensor& targets, const torch::Tensor& logits, double t) {
  double sum = 0;
  const torch::Tensor p = torch::softmax(targets / t, 1), q = torch::softmax(logits / t, 1);
  for (int64_t i = 0; i < p.numel(); ++i) {
    const double a = p.flatten()[i].item<double>(), b = q.flatten()[i].item<double>();
    sum += a * std::log(a / b);
  }
  return sum;
}

// What one image's divergence counts, summed over classes: GDFQ 400/C, ClusterQ 400, FDDA 8000.
TEST(DistillationTest, TheThreeRepositoriesWeighItDifferently) {
  torch::manual_seed(1);
  for (const int64_t classes : {10, 100}) {
    const torch::Tensor targets = torch::randn({5, classes}, torch::kFloat64);
    const torch::Tensor logits = torch::randn({5, classes}, torch::kFloat64);
    const TrainingBatch batch{{}, OneHot(torch::arange(5), classes, targets.options()), targets, 5};
    const double mean = Divergence(targets, logits, 20) / 5;
    const auto weight = [&](double alpha, bool by_element) {
      return LossOf(logits, batch, {20, alpha, by_element}).distillation.item<double>() / mean;
    };
    for (const auto& [alpha, by_element] : {std::pair{1.0, true}, {1.0, false}, {20.0, false}}) {
      const double named = Distillation{20, alpha, by_element}.ImageWeight(classes);
      EXPECT_NEAR(weight(alpha, by_element), named, 1e-6 * named);
    }
    EXPECT_NEAR(weight(1, true), 400.0 / static_cast<double>(classes), 1e-6);  // GDFQ, Qimera
    EXPECT_NEAR(weight(1, false), 400, 1e-5);                                  // ClusterQ
    EXPECT_NEAR(weight(20, false), 8000, 1e-3);                                // FDDA, IntraQ
  }
}

TEST(DistillationTest, CrossEntropyIsThatOfTheLabels) {
  torch::manual_seed(2);
  const torch::Tensor logits = torch::randn({6, 4});
  const torch::Tensor labels = torch::randint(4, {6});
  const TrainingBatch batch{{}, OneHot(labels, 4, logits.options()), logits, 6};
  EXPECT_NEAR(LossOf(logits, batch, {}).cross_entropy.item<double>(),
              at::cross_entropy_loss(logits, labels).item<double>(), 1e-6);
  EXPECT_NEAR(LossOf(logits, batch, {}).distillation.item<double>(), 0, 1e-6);
}

}  // namespace
}  // namespace zerosweep
