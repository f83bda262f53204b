// Compares two methods on the same test images: how much of their difference exceeds chance.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "reports/leaderboard/statistics.h"

namespace zerosweep {

// The results of one seed of a method: for each image 0 or 1, or the mean of several evaluations.
using Outcomes = std::vector<float>;

// Points are percentage points, a − b.
struct PairedResult {
  int n = 0;  // seeds
  int64_t images = 0;
  double difference = 0;
  std::optional<double> spread;  // sample standard deviation over seeds, n ≥ 2
  // 95 % percentile bootstrap over images and, from two seeds on, over seeds. With few seeds it is
  // too narrow: resampling n seeds gives √((n − 1)/n) of the spread of other seeds. From 300
  // differing images on, a resample of the images is drawn by its normal limit.
  Interval interval;
  // McNemar's exact test of two single networks (n = 1), otherwise sign flips over seeds. Absent
  // for one seed with several evaluations, because these are not independent.
  std::optional<double> p;
  std::optional<double> p_floor;  // lower limit of p by sign flips, n ≥ 2
};

// a[s] and b[s] are of the same seed, and all are of the same images. Every call gives the same
// result. REQUIRES: both have the same number of seeds, at least one, and equal lengths of at least
// 1.
PairedResult ComparePaired(const std::vector<Outcomes>& a, const std::vector<Outcomes>& b);

// The number of seeds that would show the difference at 5 % among `comparisons` comparisons
// (Bonferroni), if mean and spread stayed the same: enough for a t interval without 0, and enough
// for sign flips. It exceeds the seeds that there are. nullopt for n = 1, for no difference, and
// above 1000.
std::optional<int> SeedsNeeded(const PairedResult& result, int comparisons);

}  // namespace zerosweep
