#include "engine/kernels/range_error.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace zerosweep {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

RowGrids RandomGrids(int64_t rows) {
  return {torch::rand({rows, 1}) * 0.3 + 0.01, torch::randint(0, 16, {rows, 1}).to(torch::kFloat32),
          15};
}

// The definition in double precision; a value whose ratio rounds otherwise there lies on an edge,
// where both codes have the same error.
torch::Tensor PlainErrors(const torch::Tensor& values, const torch::Tensor& weights,
                          const RowGrids& grids, double p) {
  const torch::Tensor x = values.to(torch::kFloat64), s = grids.step.to(torch::kFloat64),
                      z = grids.zero_point.to(torch::kFloat64);
  torch::Tensor error = ((torch::clamp(torch::round(x / s) + z, 0, 15) - z) * s - x).abs().pow(p);
  if (weights.defined()) error = error * weights.to(torch::kFloat64);
  return error.sum(1, /*keepdim=*/true);
}

TEST(RangeErrorTest, IsTheDefinition) {
  torch::manual_seed(1);
  for (const auto& [rows, count] :
       {std::pair<int64_t, int64_t>{7, 1000}, {3, 256}, {1, 1}, {4, 257}, {1, 5000}}) {
    const torch::Tensor values = torch::randn({rows, count}), some = torch::rand({rows, count});
    for (const torch::Tensor& weights : {torch::Tensor(), some}) {
      for (const double p : {2.0, 2.4, 1.0}) {
        const RowGrids grids = RandomGrids(rows);
        const torch::Tensor plain = PlainErrors(values, weights, grids, p);
        const torch::Tensor scores = torch::full({rows, 1}, kInfinity, torch::kFloat64);
        EXPECT_TRUE(LowerScores(values, weights, grids, p, scores).all().item<bool>());
        EXPECT_TRUE(torch::allclose(scores, plain, 1e-5, 1e-9));
        // In double precision, by operators.
        const torch::Tensor wide = torch::full({rows, 1}, kInfinity, torch::kFloat64);
        LowerScores(
            values.to(torch::kFloat64), weights.defined() ? weights.to(torch::kFloat64) : weights,
            {grids.step.to(torch::kFloat64), grids.zero_point.to(torch::kFloat64), 15}, p, wide);
        EXPECT_TRUE(torch::allclose(wide, plain, 1e-12, 1e-12));
      }
    }
  }
}

TEST(RangeErrorTest, OnlyABetterGridLowersTheScoreOfARow) {
  torch::manual_seed(2);
  const torch::Tensor values = torch::randn({20, 900});
  const RowGrids grids = RandomGrids(20);
  const torch::Tensor own = torch::full({20, 1}, kInfinity, torch::kFloat64);
  LowerScores(values, {}, grids, 2.4, own);
  const torch::Tensor factors = torch::rand({20, 1}, torch::kFloat64) + 0.5;
  const torch::Tensor scores = own * factors, before = scores.clone();
  const torch::Tensor better = LowerScores(values, {}, grids, 2.4, scores);
  EXPECT_TRUE(torch::equal(better, factors > 1));
  EXPECT_TRUE(torch::equal(scores, torch::minimum(own, before)));
  // The same score again is no improvement: the candidate tried first wins.
  EXPECT_FALSE(LowerScores(values, {}, grids, 2.4, scores).any().item<bool>());
}

TEST(RangeErrorTest, AnyNumberOfThreads) {
  torch::manual_seed(3);
  const torch::Tensor values = torch::randn({300, 700});
  const RowGrids grids = RandomGrids(300);
  const auto scores = [&](int threads) {
    at::set_num_threads(threads);
    const torch::Tensor of = torch::full({300, 1}, kInfinity, torch::kFloat64);
    LowerScores(values, {}, grids, 2.4, of);
    at::set_num_threads(1);
    return of;
  };
  EXPECT_TRUE(torch::equal(scores(1), scores(3)));
}

}  // namespace
}  // namespace zerosweep
