#include "reports/paired.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

namespace zerosweep {
namespace {

constexpr uint64_t kResamplingSeed = 20220501;
constexpr int kResamples = 4000;
constexpr int kFewestSeeds = 6;  // 2^(1−6) < 0.05 < 2^(1−5)
constexpr int kMostSeeds = 1000;

// Images on which every seed has the same difference are interchangeable: a resample of the images
// is a draw from the multinomial distribution of these patterns' counts.
struct Pattern {
  std::vector<float> differences;  // by seed
  int64_t images = 0;
};

std::vector<Pattern> PatternsOf(const std::vector<Outcomes>& a, const std::vector<Outcomes>& b) {
  std::map<std::vector<float>, int64_t> counts;
  std::vector<float> differences(a.size());
  for (size_t image = 0; image < a.front().size(); ++image) {
    for (size_t s = 0; s < a.size(); ++s) differences[s] = a[s][image] - b[s][image];
    ++counts[differences];
  }
  std::vector<Pattern> patterns;
  for (const auto& [of_seeds, images] : counts) patterns.push_back({of_seeds, images});
  return patterns;
}

Interval BootstrapInterval(const std::vector<Pattern>& patterns, int64_t images) {
  const size_t seeds = patterns.front().differences.size();
  std::mt19937_64 random(kResamplingSeed);
  std::uniform_int_distribution<size_t> any_seed(0, seeds - 1);
  std::vector<double> weights(seeds), means;
  for (int resample = 0; resample < kResamples; ++resample) {
    std::fill(weights.begin(), weights.end(), 0);
    for (size_t s = 0; s < seeds; ++s) weights[any_seed(random)] += 1;
    int64_t left = images, pool = images;  // still to draw, and of the patterns not yet seen
    double sum = 0;
    for (const Pattern& pattern : patterns) {
      const double share = static_cast<double>(pattern.images) / static_cast<double>(pool);
      std::binomial_distribution<int64_t> how_many(left, std::min(1.0, share));
      const int64_t drawn = pool == pattern.images ? left : how_many(random);
      double difference = 0;
      for (size_t s = 0; s < seeds; ++s) difference += weights[s] * pattern.differences[s];
      sum += static_cast<double>(drawn) * difference;
      left -= drawn;
      pool -= pattern.images;
      if (left == 0) break;
    }
    means.push_back(100 * sum / static_cast<double>(seeds) / static_cast<double>(images));
  }
  std::sort(means.begin(), means.end());
  return {SortedQuantile(means, 0.025), SortedQuantile(means, 0.975)};
}

double SingleNetworksP(const Outcomes& a, const Outcomes& b) {
  int64_t only_a = 0, only_b = 0;
  for (size_t image = 0; image < a.size(); ++image) {
    only_a += a[image] > b[image] ? 1 : 0;
    only_b += b[image] > a[image] ? 1 : 0;
  }
  return McNemarP(only_a, only_b);
}

std::optional<int> SeedsNeeded(double difference, double spread) {
  for (int n = kFewestSeeds; n <= kMostSeeds; ++n)
    if (StudentQuantile(0.975, n - 1) * spread / std::sqrt(n) < std::abs(difference)) return n;
  return std::nullopt;
}

}  // namespace

PairedResult ComparePaired(const std::vector<Outcomes>& a, const std::vector<Outcomes>& b) {
  PairedResult result;
  result.n = static_cast<int>(a.size());
  result.images = static_cast<int64_t>(a.front().size());
  const std::vector<Pattern> patterns = PatternsOf(a, b);
  std::vector<double> by_seed(a.size(), 0);
  for (const Pattern& pattern : patterns) {
    for (size_t s = 0; s < a.size(); ++s) {
      by_seed[s] += 100 * static_cast<double>(pattern.images) * pattern.differences[s] /
                    static_cast<double>(result.images);
    }
  }
  result.difference = *Mean(by_seed);
  result.spread = SampleStd(by_seed);
  result.interval = BootstrapInterval(patterns, result.images);
  result.p_floor = std::ldexp(1, 1 - result.n);
  result.p = result.n == 1 ? SingleNetworksP(a.front(), b.front()) : *SignFlipP(by_seed);
  if (result.spread) result.seeds_needed = SeedsNeeded(result.difference, *result.spread);
  return result;
}

}  // namespace zerosweep
