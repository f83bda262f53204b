#include "engine/kernels/range_error.h"

#include <algorithm>
#include <cmath>

#include "engine/kernels/chunks.h"
#include "engine/kernels/clones.h"

namespace zerosweep {
namespace {

constexpr int64_t kBlock = 256;  // values between two looks at the best score

struct Row {
  const float *x, *weights;  // weights may be null
  int64_t count;
  float step, zero_point, most, p;
};

// Returns the sum, or a part of it that is `bound` or more.
ZEROSWEEP_CLONES double ErrorBelow(const Row& row, double bound) {
  double sum = 0;
  for (int64_t first = 0; first < row.count && sum < bound; first += kBlock) {
    const int64_t count = std::min(kBlock, row.count - first);
    const float* __restrict x = row.x + first;
    float errors[kBlock];
    for (int64_t i = 0; i < count; ++i) {
      float q = std::nearbyint(x[i] / row.step) + row.zero_point;
      q = q < 0 ? 0 : q;
      q = q > row.most ? row.most : q;
      errors[i] = std::fabs((q - row.zero_point) * row.step - x[i]);
    }
    if (row.p == 2)
      for (int64_t i = 0; i < count; ++i) errors[i] *= errors[i];
    else
      for (int64_t i = 0; i < count; ++i) errors[i] = powf(errors[i], row.p);
    if (row.weights != nullptr)
      for (int64_t i = 0; i < count; ++i) errors[i] *= row.weights[first + i];
    sum += LaneSum(
        count, [&](int64_t i) __attribute__((always_inline)) { return errors[i]; });
  }
  return sum;
}

torch::Tensor ByOperators(const torch::Tensor& values, const torch::Tensor& weights,
                          const RowGrids& grids, double p, const torch::Tensor& scores) {
  const torch::Tensor q =
      torch::clamp(torch::round(values / grids.step) + grids.zero_point, 0, grids.most);
  torch::Tensor error = ((q - grids.zero_point) * grids.step - values).abs_();
  error = p == 2 ? error.square_() : error.pow_(p);
  if (weights.defined()) error.mul_(weights);
  const torch::Tensor sums = error.sum(1, /*keepdim=*/true, torch::kFloat64);
  const torch::Tensor better = sums < scores;
  scores.copy_(torch::where(better, sums, scores));
  return better;
}

}  // namespace

torch::Tensor LowerScores(const torch::Tensor& values, const torch::Tensor& weights,
                          const RowGrids& grids, double p, const torch::Tensor& scores) {
  if (!values.is_cpu() || values.scalar_type() != torch::kFloat32)
    return ByOperators(values, weights, grids, p, scores);
  const int64_t rows = values.size(0), each = values.size(1);
  const torch::Tensor x = values.contiguous(), steps = grids.step.contiguous(),
                      zeros = grids.zero_point.contiguous(),
                      w = weights.defined() ? weights.contiguous() : weights,
                      better = at::empty({rows, 1}, torch::kBool);
  const auto at = [&](const torch::Tensor& of, int64_t first) {
    return of.defined() ? of.const_data_ptr<float>() + first : nullptr;
  };
  at::parallel_for(0, rows, std::max<int64_t>(1, kGrain / std::max<int64_t>(1, each)),
                   [&](int64_t begin, int64_t end) {
                     for (int64_t r = begin; r < end; ++r) {
                       double& score = scores.mutable_data_ptr<double>()[r];
                       const double error = ErrorBelow({.x = at(x, r * each),
                                                        .weights = at(w, r * each),
                                                        .count = each,
                                                        .step = *at(steps, r),
                                                        .zero_point = *at(zeros, r),
                                                        .most = static_cast<float>(grids.most),
                                                        .p = static_cast<float>(p)},
                                                       score);
                       better.mutable_data_ptr<bool>()[r] = error < score;
                       score = std::min(score, error);
                     }
                   });
  return better;
}

}  // namespace zerosweep
