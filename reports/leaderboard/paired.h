// Two methods on the same test images: what of their difference is more than chance.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "reports/leaderboard/statistics.h"

namespace zerosweep {

// What one seed of a method got right: by image 0 or 1, or the share of several evaluations.
using Outcomes = std::vector<float>;

// Points are percentage points, a − b.
struct PairedResult {
  int n = 0;  // seeds
  int64_t images = 0;
  double difference = 0;
  std::optional<double> spread;  // sample standard deviation over seeds, n ≥ 2
  // 95 % percentile bootstrap over images and, from two seeds on, seeds. With few seeds it is too
  // narrow for what other seeds would give: n seeds resampled spread by √((n − 1)/n) of theirs.
  // From 300 images on that differ, a resample of the images is drawn by its normal limit.
  Interval interval;
  // McNemar's exact test of two single networks (n = 1), else sign flips over seeds. None for one
  // seed of several evaluations: they are not independent.
  std::optional<double> p;
  std::optional<double> p_floor;  // what sign flips cannot fall below, n ≥ 2
};

// a[s] and b[s] are of the same seed, all of the same images. The same result on every call.
// REQUIRES: as many in both, at least one; equal lengths of at least 1.
PairedResult ComparePaired(const std::vector<Outcomes>& a, const std::vector<Outcomes>& b);

// So many seeds would show it at 5 % among so many comparisons, were mean and spread to stay: a t
// interval without 0 (Bonferroni's), and as many as sign flips need. More than it has; none for
// n = 1, no difference, or more than 1000.
std::optional<int> SeedsNeeded(const PairedResult& result, int comparisons);

}  // namespace zerosweep
