#include "reports/statistics.h"

#include <cmath>
#include <numeric>

namespace zerosweep {
namespace {

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

std::optional<std::pair<double, double>> MeanInterval95(const std::vector<double>& values) {
  if (values.size() < 3) return std::nullopt;
  const auto n = static_cast<double>(values.size());
  const double half = StudentQuantile(0.975, n - 1) * *SampleStd(values) / std::sqrt(n);
  const double mean = *Mean(values);
  return std::make_pair(mean - half, mean + half);
}

}  // namespace zerosweep
