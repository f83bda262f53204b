// The statistics of leaderboards and comparisons. Percentages and probabilities are fractions.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace zerosweep {

// nullopt if there are no values.
std::optional<double> Mean(const std::vector<double>& values);

// Sample standard deviation (divisor n − 1); nullopt for fewer than two values.
std::optional<double> SampleStd(const std::vector<double>& values);

// The quantile of Student's t distribution with `degrees` of freedom: P(T ≤ t) = p. REQUIRES: 0 < p
// < 1 and degrees ≥ 1.
double StudentQuantile(double p, double degrees);

// The standard normal distribution and its quantile. REQUIRES: 0 < p < 1.
double NormalCdf(double z);
double NormalQuantile(double p);

// Seeds every resampling: any value would do, so that results stay the same from call to call.
inline constexpr uint64_t kResamplingSeed = 20220501;

struct Interval {
  double low = 0, high = 0;
  bool Holds(double value) const { return low <= value && value <= high; }
};

// The two-sided 95 % t interval of the mean; nullopt for fewer than three values.
std::optional<Interval> MeanInterval95(const std::vector<double>& values);

// The 95 % BCa bootstrap interval of the mean (Efron 1987) in closed form, without resampling: ABC
// of DiCiccio and Efron (Statistical Science 11, 1996). An infinite number of resamples agrees with
// it to a hundredth of the mean's standard error; ten thousand agree only to three hundredths.
// nullopt for fewer than ten values, for which a bootstrap is too narrow, and for equal values.
std::optional<Interval> BcaInterval95(const std::vector<double>& values);

// The q-quantile of sorted values, with linear interpolation between order statistics (type 7 of
// Hyndman and Fan 1996). REQUIRES: values, 0 ≤ q ≤ 1.
double SortedQuantile(const std::vector<double>& sorted, double q);

// Two-sided sign-flip (permutation) test that paired differences are symmetric about 0: the
// fraction of all 2ⁿ assignments of signs whose sum is at least as far from 0. At least 2^(1−n).
// Exact up to n = 20, then from 100,000 random assignments. nullopt if there are no differences.
std::optional<double> SignFlipP(const std::vector<double>& differences);
// The lower limit of SignFlipP for n differences. REQUIRES: n ≥ 1.
double SignFlipFloor(int n);

// Exact two-sided McNemar test of two classifiers on the same images. `only_a` is the number of
// images that only the first classifies correctly, `only_b` that of the second. 1 if both are 0.
double McNemarP(int64_t only_a, int64_t only_b);

// Holm's step-down adjustment of the p values of one family, in the given order.
std::vector<double> HolmAdjusted(const std::vector<double>& p);

}  // namespace zerosweep
