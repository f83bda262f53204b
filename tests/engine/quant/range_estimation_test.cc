// The searches against a plain double-precision search over the same candidates.
#include "engine/quant/range_estimation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

#include "base/error.h"

namespace zerosweep {
namespace {

double Score(const torch::Tensor& x, double s, double z, int bits, double p) {
  const torch::Tensor v = x.to(torch::kFloat64);
  const torch::Tensor q = torch::clamp(torch::round(v / s) + z, 0, (1 << bits) - 1);
  return ((q - z) * s - v).abs().pow(p).mean().item<double>();
}

double ScoreOf(const torch::Tensor& x, const UniformGrid& grid, double p) {
  return (FakeQuantize(x, grid) - x).to(torch::kFloat64).abs().pow(p).mean().item<double>();
}

TEST(RangeEstimationTest, ShrinkBothFindsTheBestOfItsCandidates) {
  torch::manual_seed(0);
  const torch::Tensor x = torch::randn({5, 300}) + 0.3;
  for (const int bits : {2, 4}) {
    const UniformGrid grid = EstimateGrid(x, bits, {}, /*per_channel=*/true);
    for (int64_t row = 0; row < 5; ++row) {
      const double lo = x[row].min().item<double>(), hi = x[row].max().item<double>();
      double best = std::numeric_limits<double>::infinity();
      for (int i = 0; i < 80; ++i) {
        const double r = 1 - 0.01 * i, s = r * (hi - lo) / ((1 << bits) - 1);
        best = std::min(best, Score(x[row], s, std::nearbyint(-r * lo / s), bits, 2.4));
      }
      const UniformGrid own{bits, grid.inverse_scale[row], grid.offset[row]};
      EXPECT_NEAR(ScoreOf(x[row], own, 2.4), best, 1e-4 * best);
    }
  }
}

TEST(RangeEstimationTest, RangesMayBeMadeToContainZero) {
  const torch::Tensor x = torch::linspace(5, 6, 101);
  for (const RangeEstimator kind : {RangeEstimator::kMinMax, RangeEstimator::kShrinkBoth}) {
    const UniformGrid without = EstimateGrid(x, 8, {.kind = kind}, false);
    EXPECT_LT(ZeroPointOf(without).item<float>(), 0);
    const UniformGrid with = EstimateGrid(x, 8, {.kind = kind, .contain_zero = true}, false);
    EXPECT_EQ(ZeroPointOf(with).item<float>(), 0);
    // Every candidate is r·6 / 255; the largest value decides for mean errors of high powers.
    EXPECT_NEAR(StepOf(with).item<float>(), 6.0 / 255,
                kind == RangeEstimator::kMinMax ? 1e-6 : 1e-3);
    const UniformGrid negative = EstimateGrid(-x, 8, {.kind = kind, .contain_zero = true}, false);
    EXPECT_EQ(ZeroPointOf(negative).item<float>(), 255);
  }
}

TEST(RangeEstimationTest, WidthAndZeroFindsTheBestOfItsCandidates) {
  torch::manual_seed(0);
  const RangeEstimatorSettings settings{.kind = RangeEstimator::kWidthAndZero};
  const torch::Tensor x = torch::randn({400}) - 0.8;
  const int bits = 3;
  const double extent = (x.max() - x.min()).item<double>();
  double best = std::numeric_limits<double>::infinity();
  for (int i = 1; i <= 100; ++i) {
    const double s = 0.01 * i * extent / 7;
    for (int z = 0; z < 8; ++z) best = std::min(best, Score(x, s, z, bits, 2.4));
  }
  EXPECT_NEAR(ScoreOf(x, EstimateGrid(x, bits, settings, false), 2.4), best, 1e-4 * best);
}

TEST(RangeEstimationTest, OneSidedTensorsKeepZeroAtTheEdge) {
  torch::manual_seed(0);
  const torch::Tensor x = torch::rand({1000}) + 0.5;
  for (const RangeEstimator kind : {RangeEstimator::kWidthAndZero, RangeEstimator::kSymmetric}) {
    const UniformGrid grid = EstimateGrid(x, 4, {.kind = kind, .candidates = 100}, false);
    EXPECT_EQ(ZeroPointOf(grid).item<float>(), 0.F);
    EXPECT_EQ(FakeQuantize(torch::zeros({1}), grid).item<float>(), 0.F);
  }
  const UniformGrid negative = EstimateGrid(-x, 4, {.kind = RangeEstimator::kWidthAndZero}, false);
  EXPECT_EQ(ZeroPointOf(negative).item<float>(), 15.F);
}

TEST(RangeEstimationTest, SymmetricIsSignedWhenSomethingIsNegative) {
  torch::manual_seed(0);
  const UniformGrid grid = EstimateGrid(
      torch::randn({1000}), 4, {.kind = RangeEstimator::kSymmetric, .candidates = 100}, false);
  EXPECT_EQ(ZeroPointOf(grid).item<float>(), 8.F);
}

// The best of 80 narrow grids, by plain operations.
TEST(RangeEstimationTest, NarrowGridsAreTheBestOfTheirSteps) {
  torch::manual_seed(0);
  const torch::Tensor w = torch::randn({3, 200}).pow(3);
  const UniformGrid grid = EstimateGrid(w, 4, {.kind = RangeEstimator::kNarrow}, true);
  EXPECT_TRUE(grid.narrow);
  EXPECT_TRUE(torch::equal(grid.offset, torch::zeros({3})));
  for (int64_t row = 0; row < 3; ++row) {
    double best = INFINITY, step = 0;
    for (int i = 0; i < 80; ++i) {
      const double s = w[row].abs().max().item<double>() * (1 - 0.01 * i) / 7;
      const torch::Tensor near = torch::clamp(torch::round(w[row] / s), -7, 7) * s;
      const double score = (near - w[row]).abs().pow(2.4).mean().item<double>();
      if (score < best) std::tie(best, step) = std::pair(score, s);
    }
    EXPECT_NEAR(StepOf(grid)[row].item<double>(), step, 1e-6 * step);
  }
  EXPECT_EQ(Encode(9 * w, grid).min().item<int>(), -7);
}

TEST(RangeEstimationTest, SearchingBeatsMinMaxOnHeavyTails) {
  torch::manual_seed(0);
  const torch::Tensor x = torch::randn({2000}).pow(3);
  const double wide = ScoreOf(x, EstimateGrid(x, 4, {.kind = RangeEstimator::kMinMax}, false), 2.4);
  EXPECT_LT(ScoreOf(x, EstimateGrid(x, 4, {}, false), 2.4), 0.9 * wide);
}

TEST(RangeEstimationTest, TheHistogramFindsAlmostTheBestRange) {
  torch::manual_seed(0);
  const torch::Tensor x = torch::randn({1 << 20});  // 80 · 2^20 > 2^26
  const UniformGrid grid = EstimateGrid(x, 4, {}, false);
  const double exact = ScoreOf(x, EstimateGrid(x.slice(0, 0, 1 << 16), 4, {}, false), 2.4);
  EXPECT_LT(ScoreOf(x, grid, 2.4), 1.01 * exact);
}

TEST(RangeEstimationTest, ConstantChannelsHaveAGridAndNoNaN) {
  const torch::Tensor x = torch::stack({torch::zeros({9}), torch::full({9}, 2.F)});
  for (const RangeEstimator kind :
       {RangeEstimator::kShrinkBoth, RangeEstimator::kWidthAndZero, RangeEstimator::kSymmetric}) {
    const UniformGrid grid = EstimateGrid(x, 4, {.kind = kind}, true);
    EXPECT_TRUE(torch::isfinite(Decode(Encode(x, grid), grid)).all().item<bool>());
  }
  EXPECT_THROW(EstimateGrid(torch::full({2}, NAN), 4, {}, false), Error);
}

TEST(RangeEstimationTest, StepAndZeroPointAreTheGridsOwn) {
  const UniformGrid grid = GridFromStep(torch::tensor(0.25F), torch::tensor(3.F), 4);
  EXPECT_EQ(StepOf(grid).item<float>(), 0.25F);
  EXPECT_EQ(ZeroPointOf(grid).item<float>(), 3.F);
  // q = clamp(round(x / 0.25) + 3, 0, 15), x̂ = 0.25 (q − 3)
  const torch::Tensor x = torch::tensor({-9.F, -0.3F, 0.F, 0.3F, 9.F});
  EXPECT_TRUE(
      torch::equal(FakeQuantize(x, grid), torch::tensor({-0.75F, -0.25F, 0.F, 0.25F, 3.F})));
}

// A stage that says nothing for two minutes counts as hung, and the last layer of an ImageNet
// network at 8 bits takes longer.
TEST(RangeEstimationTest, TellsOfEveryWidthThatItTries) {
  class Counting final : public Progress {
   public:
    void Report(double done, double total, const char* unit, const std::string&) override {
      EXPECT_EQ(done, ++reports);
      EXPECT_EQ(total, 100);
      EXPECT_STREQ(unit, "widths");
    }
    int reports = 0;
  };
  torch::manual_seed(0);
  Counting progress;
  EstimateGrid(torch::randn({4, 9}), 4,
               {.kind = RangeEstimator::kWidthAndZero, .progress = &progress},
               /*per_channel=*/true);
  EXPECT_EQ(progress.reports, 100);
}

}  // namespace
}  // namespace zerosweep
