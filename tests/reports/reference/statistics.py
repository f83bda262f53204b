#!/usr/bin/env python3
"""The reference values of tests/reports/leaderboard/statistics_test.cc, by scipy (1.17.1) and statsmodels (0.15.0). Not run by the tests."""

import numpy
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

VALUES = numpy.array([87.2, 87.9, 86.4, 88.3, 87.7, 85.1, 88.0, 87.4, 86.9, 88.8, 87.1, 84.2])
DIFFERENCES = numpy.array([0.4, -0.1, 0.7, 0.2, 0.5, 0.3])


def mean_of(x: numpy.ndarray, axis: int) -> numpy.ndarray:
    return numpy.mean(x, axis=axis)


print("t 0.975, 7:", stats.t.ppf(0.975, 7), " t 0.9, 2.5:", stats.t.ppf(0.9, 2.5))
print("norm.cdf(-1.3):", stats.norm.cdf(-1.3), " norm.ppf(0.0007):", stats.norm.ppf(0.0007))
few = VALUES[:5]
print("t interval of 5:", stats.t.interval(0.95, 4, few.mean(), stats.sem(few)))
print("BCa of 12:", stats.bootstrap((VALUES,), mean_of, method="BCa", n_resamples=1_000_000, rng=numpy.random.default_rng(1)).confidence_interval)
print("percentile of 12:", stats.bootstrap((VALUES,), mean_of, method="percentile", n_resamples=1_000_000, rng=numpy.random.default_rng(1)).confidence_interval)
test = stats.permutation_test((DIFFERENCES,), lambda x: x.sum(), permutation_type="samples", alternative="two-sided", n_resamples=numpy.inf)
print("sign flip of 6:", test.pvalue, " of the first 3:",
      stats.permutation_test((DIFFERENCES[[0, 2, 3]],), lambda x: x.sum(), permutation_type="samples", n_resamples=numpy.inf).pvalue)
for b, c in [(10, 25), (3, 3), (0, 8), (412, 351)]:
    print("mcnemar", b, c, mcnemar([[0, b], [c, 0]], exact=True).pvalue)
print("holm:", multipletests([0.01, 0.04, 0.03, 0.005, 0.6], method="holm")[1])
