#include "reports/leaderboard/paired.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace zerosweep {
namespace {

constexpr int kResamples = 4000;
constexpr size_t kNormalFrom = 300;  // differing images
constexpr double kLevel = 0.05;
constexpr int kMaxSeeds = 1000;

// Differences on the images that some seed classifies correctly on one side only; all others are 0.
struct Differences {
  int64_t images = 0;                        // of all
  std::vector<std::vector<double>> by_seed;  // [seed][image that differs]
  size_t differing() const { return by_seed.front().size(); }
};

Differences DifferencesOf(const std::vector<Outcomes>& a, const std::vector<Outcomes>& b) {
  Differences of{static_cast<int64_t>(a.front().size()),
                 std::vector<std::vector<double>>(a.size())};
  for (size_t image = 0; image < a.front().size(); ++image) {
    bool differs = false;
    for (size_t s = 0; s < a.size(); ++s) differs |= a[s][image] != b[s][image];
    if (!differs) continue;
    for (size_t s = 0; s < a.size(); ++s) of.by_seed[s].push_back(a[s][image] - b[s][image]);
  }
  return of;
}

// Mean and variance of the difference of an image, if seeds count with the given weights.
class Moments {
 public:
  explicit Moments(const Differences& of) : seeds_(of.by_seed.size()) {
    const auto mean_product = [&](const std::vector<double>& x, const std::vector<double>& y) {
      return std::inner_product(x.begin(), x.end(), y.begin(), 0.0) /
             static_cast<double>(of.images);
    };
    const std::vector<double> ones(of.differing(), 1);
    for (const auto& x : of.by_seed) {
      means_.push_back(mean_product(x, ones));
      for (const auto& y : of.by_seed) products_.push_back(mean_product(x, y));
    }
  }
  double Mean(const std::vector<double>& weights) const {
    return std::inner_product(weights.begin(), weights.end(), means_.begin(), 0.0);
  }
  double Variance(const std::vector<double>& weights) const {
    double square = 0;
    for (size_t s = 0; s < seeds_; ++s)
      for (size_t t = 0; t < seeds_; ++t)
        square += weights[s] * weights[t] * products_[s * seeds_ + t];
    return std::max(0.0, square - Mean(weights) * Mean(weights));
  }

 private:
  size_t seeds_;
  std::vector<double> means_, products_;
};

// The sum over a resample: as many images as there are, each drawn from all of them.
double SumOfDrawn(const Differences& of, const std::vector<double>& weights,
                  std::mt19937_64& random) {
  std::vector<double> values(of.differing(), 0);
  for (size_t s = 0; s < weights.size(); ++s)
    for (size_t i = 0; i < values.size(); ++i) values[i] += weights[s] * of.by_seed[s][i];
  std::binomial_distribution<int64_t> how_many(
      of.images, static_cast<double>(of.differing()) / static_cast<double>(of.images));
  std::uniform_int_distribution<size_t> any(0, values.size() - 1);
  double sum = 0;
  for (int64_t left = how_many(random); left > 0; --left) sum += values[any(random)];
  return sum;
}

// With many differing images, the mean over drawn images is taken as normal. This moves the ends of
// the interval by at most a thirtieth of its spread (Cornish and Fisher's first term), which is
// less than the error of this number of resamples.
Interval BootstrapInterval(const Differences& of) {
  if (of.differing() == 0) return {0, 0};
  const size_t seeds = of.by_seed.size();
  const bool is_normal = of.differing() >= kNormalFrom;
  const Moments moments(of);
  const auto images = static_cast<double>(of.images);
  std::mt19937_64 random(kResamplingSeed);
  std::uniform_int_distribution<size_t> any_seed(0, seeds - 1);
  std::normal_distribution<double> normal;
  std::vector<double> weights(seeds), means;
  for (int resample = 0; resample < kResamples; ++resample) {
    std::fill(weights.begin(), weights.end(), 0);
    for (size_t s = 0; s < seeds; ++s) weights[any_seed(random)] += 1 / static_cast<double>(seeds);
    const double mean =
        is_normal
            ? moments.Mean(weights) + std::sqrt(moments.Variance(weights) / images) * normal(random)
            : SumOfDrawn(of, weights, random) / images;
    means.push_back(100 * mean);
  }
  std::sort(means.begin(), means.end());
  return {SortedQuantile(means, 0.025), SortedQuantile(means, 0.975)};
}

bool IsOneNetworks(const Outcomes& outcomes) {
  return std::all_of(outcomes.begin(), outcomes.end(),
                     [](float right) { return right == 0 || right == 1; });
}

std::optional<double> SingleNetworksP(const Outcomes& a, const Outcomes& b) {
  if (!IsOneNetworks(a) || !IsOneNetworks(b)) return std::nullopt;
  int64_t only_a = 0, only_b = 0;
  for (size_t image = 0; image < a.size(); ++image) {
    only_a += a[image] > b[image] ? 1 : 0;
    only_b += b[image] > a[image] ? 1 : 0;
  }
  return McNemarP(only_a, only_b);
}

}  // namespace

PairedResult ComparePaired(const std::vector<Outcomes>& a, const std::vector<Outcomes>& b) {
  PairedResult result;
  result.n = static_cast<int>(a.size());
  result.images = static_cast<int64_t>(a.front().size());
  const Differences differences = DifferencesOf(a, b);
  std::vector<double> by_seed;
  for (const auto& of : differences.by_seed) {
    by_seed.push_back(100 * std::accumulate(of.begin(), of.end(), 0.0) /
                      static_cast<double>(result.images));
  }
  result.difference = *Mean(by_seed);
  result.spread = SampleStd(by_seed);
  result.interval = BootstrapInterval(differences);
  if (result.n == 1) {
    result.p = SingleNetworksP(a.front(), b.front());
  } else {
    result.p = SignFlipP(by_seed);
    result.p_floor = SignFlipFloor(result.n);
  }
  return result;
}

std::optional<int> SeedsNeeded(const PairedResult& result, int comparisons) {
  if (!result.spread) return std::nullopt;
  for (int n = result.n + 1; n <= kMaxSeeds; ++n) {
    const double t = StudentQuantile(1 - kLevel / comparisons / 2, n - 1);
    if (SignFlipFloor(n) * comparisons < kLevel &&
        t * *result.spread / std::sqrt(n) < std::abs(result.difference))
      return n;
  }
  return std::nullopt;
}

}  // namespace zerosweep
