#include "reports/leaderboard/statistics.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <random>

namespace zerosweep {
namespace {

constexpr int kMaxExact = 20;          // up to this number of differences all signs are tried
constexpr int kAssignments = 100'000;  // random assignments of signs beyond that

// The continued fraction of the regularised incomplete beta function I_x(a, b) by Lentz's method
// (Numerical Recipes, 3rd edition, 6.4). Converges fast for x < (a + 1) / (a + b + 2).
double BetaFraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300;
  const auto away_from_zero = [](double v) { return std::abs(v) < kTiny ? kTiny : v; };
  double c = 1;
  double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double fraction = d;
  for (int m = 1; m <= 500; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    fraction *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    fraction *= d * c;
    if (std::abs(d * c - 1) < 1e-15) break;
  }
  return fraction;
}

double IncompleteBeta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * BetaFraction(a, b, x) / a;
  return 1 - front * BetaFraction(b, a, 1 - x) / b;
}

// P(T > t) for t ≥ 0: half of I_x(ν/2, 1/2) at x = ν / (ν + t²) (Abramowitz and Stegun 26.7.1).
double UpperTail(double t, double degrees) {
  return 0.5 * IncompleteBeta(degrees / 2, 0.5, degrees / (degrees + t * t));
}

}  // namespace

std::optional<double> Mean(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::optional<double> SampleStd(const std::vector<double>& values) {
  if (values.size() < 2) return std::nullopt;
  const double mean = *Mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

double StudentQuantile(double p, double degrees) {
  if (p < 0.5) return -StudentQuantile(1 - p, degrees);
  double low = 0;
  double high = 1;
  while (UpperTail(high, degrees) > 1 - p) high *= 2;
  for (int i = 0; i < 200 && high - low > 1e-13 * high; ++i) {
    const double middle = (low + high) / 2;
    (UpperTail(middle, degrees) > 1 - p ? low : high) = middle;
  }
  return (low + high) / 2;
}

double NormalCdf(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

double NormalQuantile(double p) {
  if (p > 0.5) return -NormalQuantile(1 - p);
  double low = -40, high = 0;
  for (int i = 0; i < 200 && high - low > 1e-14; ++i) {
    const double middle = (low + high) / 2;
    (NormalCdf(middle) < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

std::optional<Interval> MeanInterval95(const std::vector<double>& values) {
  if (values.size() < 3) return std::nullopt;
  const auto n = static_cast<double>(values.size());
  const double half = StudentQuantile(0.975, n - 1) * *SampleStd(values) / std::sqrt(n);
  const double mean = *Mean(values);
  return Interval{mean - half, mean + half};
}

double SortedQuantile(const std::vector<double>& sorted, double q) {
  const double place = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  if (below + 1 >= sorted.size()) return sorted.back();
  return std::lerp(sorted[below], sorted[below + 1], place - static_cast<double>(below));
}

std::optional<Interval> BcaInterval95(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  const double mean = Mean(values).value_or(0);
  double squares = 0, cubes = 0;
  for (const double value : values) {
    squares += (value - mean) * (value - mean);
    cubes += (value - mean) * (value - mean) * (value - mean);
  }
  if (n < 10 || squares == 0) return std::nullopt;
  // A mean is linear in the resampling weights: it has neither bias nor curvature, and the bias
  // correction equals the acceleration.
  const double acceleration = cubes / (6 * std::pow(squares, 1.5));
  const auto end = [&](double p) {
    const double z = acceleration + NormalQuantile(p);
    const double scale = 1 - acceleration * z;  // > 0: |acceleration| < 1/6
    return mean + std::sqrt(squares) / n * z / (scale * scale);
  };
  return Interval{end(0.025), end(0.975)};
}

double SignFlipFloor(int n) {
  return n <= kMaxExact ? std::ldexp(1, 1 - n) : 1.0 / (kAssignments + 1);
}

std::optional<double> SignFlipP(const std::vector<double>& differences) {
  const size_t n = differences.size();
  if (n == 0) return std::nullopt;
  const auto sum_of = [&](auto&& negative) {
    double sum = 0;
    for (size_t i = 0; i < n; ++i) sum += negative(i) ? -differences[i] : differences[i];
    return std::abs(sum);
  };
  double largest = 0;
  for (const double difference : differences) largest += std::abs(difference);
  // Sums that are equal apart from rounding count as equal.
  const double observed = sum_of([](size_t) { return false; }) - 1e-12 * largest;
  if (n <= kMaxExact) {
    uint64_t as_far = 0;
    const uint64_t all = uint64_t{1} << n;
    for (uint64_t signs = 0; signs < all; ++signs)
      as_far += sum_of([&](size_t i) { return (signs >> i & 1) != 0; }) >= observed ? 1 : 0;
    return static_cast<double>(as_far) / static_cast<double>(all);
  }
  std::mt19937_64 random(kResamplingSeed);
  int as_far = 1;  // counts the observed assignment
  uint64_t signs = 0;
  const auto next_sign = [&](size_t i) {
    if (i % 64 == 0) signs = random();
    return (signs >> (i % 64) & 1) != 0;
  };
  for (int i = 0; i < kAssignments; ++i) as_far += sum_of(next_sign) >= observed ? 1 : 0;
  return static_cast<double>(as_far) / (kAssignments + 1);
}

double McNemarP(int64_t only_a, int64_t only_b) {
  const auto n = static_cast<double>(only_a + only_b);
  double tail = 0;  // P(X ≤ the smaller), X ~ Binomial(n, ½)
  for (int64_t k = 0; k <= std::min(only_a, only_b); ++k) {
    const auto of = static_cast<double>(k);
    tail += std::exp(std::lgamma(n + 1) - std::lgamma(of + 1) - std::lgamma(n - of + 1) -
                     n * std::numbers::ln2);
  }
  return std::min(1.0, 2 * tail);
}

std::vector<double> HolmAdjusted(const std::vector<double>& p) {
  std::vector<size_t> order(p.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p[a] < p[b]; });
  std::vector<double> adjusted(p.size());
  double largest = 0;
  for (size_t rank = 0; rank < order.size(); ++rank) {
    const double scaled = p[order[rank]] * static_cast<double>(p.size() - rank);
    largest = std::max(largest, std::min(1.0, scaled));
    adjusted[order[rank]] = largest;
  }
  return adjusted;
}

}  // namespace zerosweep
