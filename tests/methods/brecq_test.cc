// BRECQ's Fisher weights: closed forms of the gradients that they are made of.
#include <gtest/gtest.h>
#include <torch/types.h>

#include "engine/graph/executor.h"
#include "engine/graph/subgraph.h"
#include "methods/brecq/fisher.h"
#include "tests/support/engine/quiet_progress.h"
#include "tests/support/engine/tiny_network.h"

namespace zerosweep {
namespace {

constexpr double kDamping = 0.5;

class FisherWeightsTest : public testing::Test {
 protected:
  FisherWeightsTest() {
    torch::manual_seed(0);
    for (Node& node : teacher_.graph.nodes)
      for (auto& [name, tensor] : node.parameters) tensor = tensor.to(torch::kFloat64);
    images_ = torch::randn({7, 3, 8, 8}, torch::kFloat64);
    units_ = BlockUnits(teacher_.graph);
  }

  // Weights of a unit whose student gives `output`, by batches of three images, the last of one.
  torch::Tensor WeightsOf(const Unit& unit, const torch::Tensor& output, const Phase& phase) {
    UnitCaches caches;
    caches.x_q = torch::arange(7, torch::kFloat64);
    const auto student = [&](const torch::Tensor& x) {
      return output.index_select(0, x.to(torch::kInt64));
    };
    FisherWeights(context_, kDamping, /*batch=*/3).BeginUnit(phase, unit, student, caches);
    return caches.weight;
  }

  Teacher teacher_ = TinyTeacher();
  torch::Tensor images_;
  std::vector<Unit> units_;
  Protocol protocol_;
  QuietProgress progress_;
  NoCheckpoints checkpoints_;
  SoloGroup group_;
  const QuantizationContext context_{.teacher = teacher_,
                                     .images = images_,
                                     .setting = {protocol_, false, 4, 4},
                                     .random = RandomStreams(0),
                                     .progress = progress_,
                                     .checkpoints = checkpoints_,
                                     .group = group_};
};

// Of the last unit the output are the logits z: ∂KL(t ‖ z)/∂z = (softmax(z) − softmax(t)) / batch.
TEST_F(FisherWeightsTest, OfTheLogitsTheyAreTheDifferenceOfTheProbabilities) {
  const torch::Tensor z = torch::randn({7, 4}, torch::kFloat64);
  const torch::Tensor t = zerosweep::Run(teacher_.graph, images_);
  const torch::Tensor gradient = (torch::softmax(z, 1) - torch::softmax(t, 1)) / 3;
  const torch::Tensor expected = (gradient.abs() + kDamping).square();
  EXPECT_TRUE(torch::allclose(WeightsOf(units_.back(), z, {}), expected, 1e-12, 1e-12));
}

// Further in, against central differences of the loss of the same batch.
TEST_F(FisherWeightsTest, InsideTheyAreTheGradientOfTheRestOfTheNetwork) {
  const Unit& unit = units_.front();
  const Graph rest = Extract(teacher_.graph, unit.output, teacher_.graph.output).graph;
  const torch::Tensor y = torch::randn({7, 8, 8, 8}, torch::kFloat64);
  const torch::Tensor target =
      torch::softmax(zerosweep::Run(teacher_.graph, images_), 1).slice(0, 0, 3);
  const auto divergence = [&](const torch::Tensor& output) {
    const torch::Tensor own = torch::log_softmax(zerosweep::Run(rest, output.slice(0, 0, 3)), 1);
    return ((target * (target.log() - own)).sum() / 3).item<double>();
  };
  const torch::Tensor weights = WeightsOf(unit, y, {});
  for (const int channel : {0, 3, 7}) {
    torch::Tensor more = y.clone(), less = y.clone();
    more[1][channel][2][5] += 1e-6;
    less[1][channel][2][5] -= 1e-6;
    const double gradient = (divergence(more) - divergence(less)) / 2e-6;
    EXPECT_NEAR(weights[1][channel][2][5].item<double>(),
                std::pow(std::abs(gradient) + kDamping, 2), 1e-8);
  }
}

// The steps of activations are learned from plain errors.
TEST_F(FisherWeightsTest, APhaseWithoutRoundingIsNotWeighed) {
  const torch::Tensor z = torch::randn({7, 4}, torch::kFloat64);
  EXPECT_FALSE(WeightsOf(units_.back(), z, {.lr_rounding = 0}).defined());
}

}  // namespace
}  // namespace zerosweep
