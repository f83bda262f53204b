// The few statistics that a leaderboard needs.
#pragma once

#include <optional>
#include <utility>
#include <vector>

namespace zerosweep {

// nullopt for no values.
std::optional<double> Mean(const std::vector<double>& values);

// Sample standard deviation (divisor n − 1); nullopt for fewer than two values.
std::optional<double> SampleStd(const std::vector<double>& values);

// The quantile of Student's t distribution with `degrees` of freedom: P(T ≤ t) = p. REQUIRES: 0 < p
// < 1 and degrees ≥ 1.
double StudentQuantile(double p, double degrees);

// The two-sided 95 % t interval of the mean; nullopt for fewer than three values.
std::optional<std::pair<double, double>> MeanInterval95(const std::vector<double>& values);

}  // namespace zerosweep
