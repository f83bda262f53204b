#include "engine/quant/range_estimation.h"

#include <cmath>
#include <limits>

#include "base/error.h"
#include "engine/kernels/range_error.h"

namespace zerosweep {
namespace {

constexpr double kSmallestStep = 1e-8;
constexpr int64_t kMaxExactWork = int64_t{1} << 26;  // candidates · values
constexpr int64_t kHistogramBins = 4096;

// Rows of values (R, N) with their weights, (R, N) or undefined.
struct Rows {
  torch::Tensor values;
  torch::Tensor weights;
};

// Steps and zero points, (R, 1), of one candidate range for each row.
struct Candidate {
  torch::Tensor step, zero_point;
};

class Best {
 public:
  Best(const Rows& rows, int64_t most, double p) : rows_(rows), most_(most), p_(p) {
    score_ = torch::full({rows.values.size(0), 1}, std::numeric_limits<double>::infinity(),
                         rows.values.options().dtype(torch::kFloat64));
  }

  void Try(const Candidate& candidate) {
    const torch::Tensor better = LowerScores(
        rows_.values, rows_.weights, {candidate.step, candidate.zero_point, most_}, p_, score_);
    const bool first = !step_.defined();
    step_ = first ? candidate.step : torch::where(better, candidate.step, step_);
    zero_point_ =
        first ? candidate.zero_point : torch::where(better, candidate.zero_point, zero_point_);
  }

  torch::Tensor step() const { return step_.flatten(); }
  torch::Tensor zero_point() const { return zero_point_.flatten(); }

 private:
  const Rows& rows_;
  int64_t most_;
  double p_;
  torch::Tensor score_, step_, zero_point_;
};

torch::Tensor Step(const torch::Tensor& width, int bits) {
  return torch::clamp_min(width / static_cast<double>((1 << bits) - 1), kSmallestStep);
}

// r·min and r·max; the range contains 0 only if asked to.
void ShrinkBoth(const Rows& rows, int bits, const RangeEstimatorSettings& settings, int candidates,
                Best& best) {
  torch::Tensor lo = rows.values.amin(1, true), hi = rows.values.amax(1, true);
  if (settings.contain_zero) {
    lo = lo.clamp_max(0);
    hi = hi.clamp_min(0);
  }
  for (int i = 0; i < candidates; ++i) {
    const double r = 1 - settings.step * i;
    const torch::Tensor s = Step((hi - lo) * r, bits);
    best.Try({s, torch::round(-(lo * r) / s)});
  }
}

// Unsigned [0, s·(2^k − 1)] where nothing is negative, otherwise s·[−2^(k−1), 2^(k−1) − 1].
void Symmetric(const Rows& rows, int bits, double step, int candidates, Best& best) {
  const torch::Tensor lo = rows.values.amin(1, true), hi = rows.values.amax(1, true);
  const torch::Tensor is_signed = lo < 0;
  const torch::Tensor width = torch::where(is_signed, 2 * torch::maximum(-lo, hi), hi);
  const torch::Tensor zero_point = is_signed.to(width.scalar_type()) * (1 << (bits - 1));
  for (int i = 0; i < candidates; ++i) best.Try({Step(width * (1 - step * i), bits), zero_point});
}

// s·[−(2^(k−1) − 1), 2^(k−1) − 1].
void Narrow(const Rows& rows, int bits, double step, int candidates, Best& best) {
  const torch::Tensor most = rows.values.abs().amax(1, true);
  const int high = (1 << (bits - 1)) - 1;
  for (int i = 0; i < candidates; ++i) {
    const torch::Tensor s =
        torch::clamp_min(most * (1 - step * i) / static_cast<double>(high), kSmallestStep);
    best.Try({s, torch::full_like(s, high)});
  }
}

// Extends the range [lo, hi] to contain 0, as QDrop's code does with every range.
Candidate WithZero(const torch::Tensor& lo, const torch::Tensor& hi, int bits) {
  const torch::Tensor low = lo.clamp_max(0), high = hi.clamp_min(0);
  const torch::Tensor s = Step(high - low, bits);
  return {s, torch::round(-low / s).clamp(0, (1 << bits) - 1)};
}

void WidthAndZero(const Rows& rows, int bits, double step, Progress* progress, Best& best) {
  const torch::Tensor lo = rows.values.amin(1, true), hi = rows.values.amax(1, true);
  const torch::Tensor one_sided = torch::logical_or(lo >= 0, hi <= 0);
  const torch::Tensor extent = torch::where(one_sided, torch::maximum(lo.abs(), hi.abs()), hi - lo);
  const torch::Tensor negative = torch::logical_and(one_sided, hi <= 0);
  const bool all_one_sided = one_sided.all().item<bool>();
  const int levels = 1 << bits;
  const int widths = static_cast<int>(std::lround(1 / step));
  for (int i = 1; i <= widths; ++i) {
    const torch::Tensor width = extent * (step * i);
    const torch::Tensor s = width / static_cast<double>(levels - 1);
    const int zero_points = all_one_sided ? 1 : levels;
    for (int z = 0; z < zero_points; ++z) {
      // A one-sided row has one range for each width, whatever z is.
      const torch::Tensor below =
          torch::where(one_sided, torch::where(negative, width, torch::zeros_like(width)), s * z);
      best.Try(WithZero(-below, width - below, bits));
    }
    if (progress != nullptr) progress->Report(i, widths, "widths");
  }
}

Rows Histogram(const torch::Tensor& values) {
  const double lo = values.min().item<double>(), hi = values.max().item<double>();
  const double width = (hi - lo) / kHistogramBins;
  const torch::Tensor counts = torch::histc(values, kHistogramBins, lo, hi);
  torch::Tensor centres = lo + (torch::arange(kHistogramBins, values.options()) + 0.5) * width;
  // Exact ends, so that the candidate ranges equal those of the tensor.
  centres[0] = lo;
  centres[-1] = hi;
  return {centres.unsqueeze(0),
          (counts * (static_cast<double>(kHistogramBins) / static_cast<double>(values.numel())))
              .unsqueeze(0)};
}

int64_t Candidates(const torch::Tensor& values, int bits, const RangeEstimatorSettings& settings) {
  if (settings.kind == RangeEstimator::kMinMax) return 1;
  if (settings.kind != RangeEstimator::kWidthAndZero) return settings.candidates;
  const bool two_sided = values.min().item<float>() < 0 && values.max().item<float>() > 0;
  return std::lround(1 / settings.step) * (two_sided ? int64_t{1} << bits : 1);
}

}  // namespace

UniformGrid GridFromStep(const torch::Tensor& step, const torch::Tensor& zero_point, int bits,
                         bool narrow) {
  UniformGrid grid{.bits = bits, .inverse_scale = 1 / step, .narrow = narrow};
  grid.offset = static_cast<double>(-grid.low()) - zero_point;
  return grid;
}

torch::Tensor StepOf(const UniformGrid& grid) { return 1 / grid.inverse_scale; }

torch::Tensor ZeroPointOf(const UniformGrid& grid) {
  return static_cast<double>(-grid.low()) - grid.offset;
}

UniformGrid EstimateGrid(const torch::Tensor& x, int bits, const RangeEstimatorSettings& settings,
                         bool per_channel) {
  if (bits == kPassThroughBits) return {};
  const torch::NoGradGuard no_grad;
  const torch::Tensor values = x.detach();
  if (!torch::isfinite(values).all().item<bool>())
    FailTrial(Failure::kNonFinite, "a tensor to quantize is not finite");
  Rows rows{per_channel ? values.flatten(1) : values.reshape({1, -1}), {}};
  if (!per_channel && Candidates(values, bits, settings) * values.numel() > kMaxExactWork)
    rows = Histogram(values.flatten());
  const bool narrow = settings.kind == RangeEstimator::kNarrow;
  Best best(rows, (1 << bits) - (narrow ? 2 : 1), settings.p);
  switch (settings.kind) {
    case RangeEstimator::kMinMax:
      ShrinkBoth(rows, bits, settings, 1, best);
      break;
    case RangeEstimator::kShrinkBoth:
      ShrinkBoth(rows, bits, settings, settings.candidates, best);
      break;
    case RangeEstimator::kWidthAndZero:
      WidthAndZero(rows, bits, settings.step, settings.progress, best);
      break;
    case RangeEstimator::kSymmetric:
      Symmetric(rows, bits, settings.step, settings.candidates, best);
      break;
    case RangeEstimator::kNarrow:
      Narrow(rows, bits, settings.step, settings.candidates, best);
      break;
  }
  const std::vector<int64_t> shape =
      per_channel ? std::vector<int64_t>{x.size(0)} : std::vector<int64_t>{};
  return GridFromStep(best.step().reshape(shape), best.zero_point().reshape(shape), bits, narrow);
}

}  // namespace zerosweep
