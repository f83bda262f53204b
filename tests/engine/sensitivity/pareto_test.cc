// The solver against exhaustive search: every configuration of small random cases.
#include "engine/sensitivity/pareto.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

#include "base/error.h"

namespace zerosweep {
namespace {

using Layers = std::vector<std::vector<LayerOption>>;

// 1 to `most` layers of 1 to `options` options. Few distinct sizes, so that ties occur; Ω falls
// mostly, but not always, with size.
Layers RandomLayers(std::mt19937& random, int most, int options) {
  const auto below = [&](int bound) {
    return static_cast<int>(random() % static_cast<unsigned>(bound));
  };
  Layers layers(static_cast<size_t>(1 + below(most)));
  for (auto& layer : layers) {
    const int64_t weights = 1 + below(12);
    int64_t bits = 0;
    for (int i = 1 + below(options); i > 0; --i) {
      bits += 1 + below(3);
      const double noise = below(1000) / 1000.0;
      layer.push_back({weights * bits, below(4) == 0 ? noise : noise / static_cast<double>(bits)});
    }
  }
  return layers;
}

// Ω is added layer by layer from the first, as the solver does, so that equal sums are equal bits.
std::vector<FrontierPoint> AllConfigurations(const Layers& layers) {
  std::vector<FrontierPoint> all = {{0, 0.0}};
  for (const auto& layer : layers) {
    std::vector<FrontierPoint> longer;
    for (const FrontierPoint& point : all) {
      for (const LayerOption& option : layer)
        longer.push_back({point.size + option.size, point.omega + option.omega});
    }
    all = std::move(longer);
  }
  return all;
}

constexpr double kNothing = std::numeric_limits<double>::infinity();

// For every budget from 0 to beyond the largest size, the lowest Ω within it; kNothing when nothing
// is small enough.
std::vector<double> BestByBudget(const Layers& layers) {
  const std::vector<FrontierPoint> all = AllConfigurations(layers);
  const int64_t largest =
      std::max_element(all.begin(), all.end(), [](const auto& a, const auto& b) {
        return a.size < b.size;
      })->size;
  std::vector<double> best(static_cast<size_t>(largest) + 2, kNothing);
  for (const FrontierPoint& point : all) {
    double& own = best[static_cast<size_t>(point.size)];
    own = std::min(own, point.omega);
  }
  for (size_t i = 1; i < best.size(); ++i) best[i] = std::min(best[i], best[i - 1]);
  return best;
}

FrontierPoint Total(const Layers& layers, const std::vector<size_t>& options) {
  FrontierPoint total;
  for (size_t i = 0; i < layers.size(); ++i) {
    total.size += layers[i].at(options.at(i)).size;
    total.omega += layers[i].at(options.at(i)).omega;
  }
  return total;
}

TEST(ParetoTest, WithoutBucketsEqualsExhaustiveSearchUnderEveryBudget) {
  std::mt19937 random(7);
  for (int round = 0; round < 400; ++round) {
    const Layers layers = RandomLayers(random, 8, 4);
    const std::vector<double> best = BestByBudget(layers);
    const ParetoFrontier frontier(layers, round % 2);  // 0 and 1 are both exact
    for (size_t budget = 0; budget < best.size(); ++budget) {
      const auto last = frontier.LastWithin(static_cast<int64_t>(budget));
      ASSERT_EQ(last.has_value(), best[budget] < kNothing);
      if (!last) continue;
      ASSERT_EQ(frontier.points()[*last].omega, best[budget])
          << "round " << round << ", " << budget;
      ASSERT_LE(frontier.points()[*last].size, static_cast<int64_t>(budget));
    }
  }
}

TEST(ParetoTest, EveryPointIsWhatItsOptionsAddUpTo) {
  std::mt19937 random(8);
  for (int round = 0; round < 200; ++round) {
    const Layers layers = RandomLayers(random, 8, 6);
    const ParetoFrontier frontier(layers, round % 3 == 0 ? 16 : 0);
    for (size_t i = 0; i < frontier.points().size(); ++i) {
      ASSERT_EQ(Total(layers, frontier.OptionsOf(i)), frontier.points()[i]);
      if (i == 0) continue;
      ASSERT_GT(frontier.points()[i].size, frontier.points()[i - 1].size);
      ASSERT_LT(frontier.points()[i].omega, frontier.points()[i - 1].omega);
    }
  }
}

TEST(ParetoTest, BucketsCostAtMostOneBucketALayer) {
  std::mt19937 random(9);
  size_t exact_points = 0, bucket_points = 0, worse = 0;
  for (int round = 0; round < 300; ++round) {
    const Layers layers = RandomLayers(random, 8, 4);
    const std::vector<double> best = BestByBudget(layers);
    const size_t bucket = 2 + random() % 15;
    const ParetoFrontier frontier(layers, static_cast<int64_t>(bucket));
    exact_points += ParetoFrontier(layers, 0).points().size();
    bucket_points += frontier.points().size();
    for (size_t budget = 0; budget < best.size(); ++budget) {
      const auto last = frontier.LastWithin(static_cast<int64_t>(budget));
      // A budget that anything meets is met, and never exceeded.
      ASSERT_EQ(last.has_value(), best[budget] < kNothing);
      if (!last) continue;
      const FrontierPoint& point = frontier.points()[*last];
      ASSERT_LE(point.size, static_cast<int64_t>(budget));
      ASSERT_GE(point.omega, best[budget]);
      if (budget >= layers.size() * bucket) {
        ASSERT_LE(point.omega, best[budget - layers.size() * bucket]);
      }
      worse += point.omega > best[budget] ? 1 : 0;
    }
  }
  EXPECT_LT(4 * bucket_points, 3 * exact_points) << "buckets did not make the frontiers smaller";
  EXPECT_GT(worse, 0U) << "no case lost anything: the bound was not put to the test";
}

TEST(ParetoTest, NoLayersAreOnePoint) {
  const ParetoFrontier frontier({}, 0);
  EXPECT_EQ(frontier.points(), (std::vector<FrontierPoint>{{0, 0}}));
  EXPECT_EQ(frontier.LastWithin(-1), std::nullopt);
  EXPECT_EQ(frontier.LastWithin(0), 0u);
  EXPECT_TRUE(frontier.OptionsOf(0).empty());
}

}  // namespace
}  // namespace zerosweep
