#include "engine/kernels/border_quantizer.h"

#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <numeric>
#include <optional>
#include <vector>

#include "engine/kernels/border_quantizer_loops.h"
#include "engine/kernels/maps.h"

namespace zerosweep {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

double Levels(int64_t bits) { return static_cast<double>((int64_t{1} << bits) - 1); }

struct Call {
  torch::Tensor x, step, border, keep;  // keep may be undefined
  int64_t zero_point = 0;
  int64_t bits = 0;

  // Bounds of q.
  double low() const { return -static_cast<double>(zero_point); }
  double high() const { return Levels(bits) + low(); }
};

struct Gradients {
  torch::Tensor x, step, border;  // the step's without its factor
};

// The quantities that both passes need: u, t, 1/2 + b0 + b1·t + b2·t², and the code before
// clipping.
struct Rounding {
  explicit Rounding(const Call& call) : ratio(call.x / call.step) {
    std::vector<int64_t> along_rows(static_cast<size_t>(call.x.dim()), 1);
    along_rows[1] = call.border.size(1);
    const auto row = [&](int64_t i) { return call.border[i].view(along_rows); };
    share = ratio / Levels(call.bits);
    quadratic = (share * row(2)).add_(row(1)).mul_(share).add_(row(0)).add_(0.5);
    code = torch::ceil(ratio - quadratic.clamp(0, kHighestBorder));
  }

  torch::Tensor ratio, share, quadratic, code;
};

torch::Tensor ForwardByOperators(const Call& call) {
  Rounding rounding(call);
  const torch::Tensor y = rounding.code.clamp_(call.low(), call.high()).mul_(call.step);
  return call.keep.defined() ? torch::where(call.keep.to(torch::kBool), y, call.x) : y;
}

Gradients BackwardByOperators(const Call& call, const torch::Tensor& gradient) {
  const Rounding rounding(call);
  const torch::Tensor inside =
      torch::logical_and(rounding.code >= call.low(), rounding.code <= call.high());
  torch::Tensor reached = gradient;  // what reaches quantized values
  torch::Tensor passes = inside;
  if (call.keep.defined()) {
    const torch::Tensor kept = call.keep.to(torch::kBool);
    reached = reached * kept.to(reached.scalar_type());
    passes = torch::logical_or(inside, ~kept);
  }
  const torch::Tensor clipped = rounding.code.clamp(call.low(), call.high());
  const torch::Tensor for_step =
      (reached * torch::where(inside, clipped - rounding.ratio, clipped)).sum();
  const torch::Tensor moves =
      inside.logical_and(rounding.quadratic >= 0).logical_and(rounding.quadratic <= kHighestBorder);
  torch::Tensor for_row = -call.step * reached * moves.to(reached.scalar_type());
  std::vector<int64_t> others;
  for (int64_t d = 0; d < call.x.dim(); ++d)
    if (d != 1) others.push_back(d);
  std::vector<torch::Tensor> for_border;
  for (int power = 0; power < 3; ++power) {
    if (power > 0) for_row = for_row * rounding.share;
    for_border.push_back(for_row.sum(others));
  }
  return {gradient * passes.to(call.x.scalar_type()), for_step, torch::stack(for_border)};
}

bool OnePass(const torch::Tensor& x) { return x.is_cpu() && x.scalar_type() == torch::kFloat32; }

// The memory of x, of a mask and of gradients, map by map.
class Passes {
 public:
  explicit Passes(const Call& call)
      : x_(Dense(call.x)),
        maps_(x_),
        keep_(call.keep.defined() ? maps_.Ordered(call.keep) : call.keep),
        border_(call.border.contiguous()),
        grid_{call.step.item<float>(), static_cast<float>(Levels(call.bits)),
              static_cast<float>(call.low()), static_cast<float>(call.high())} {}

  torch::Tensor Forward() const {
    const torch::Tensor y = at::empty_like(x_);
    ForEach([&](int64_t first, int64_t, const BorderRows& rows) {
      Pass(maps_.shape(), grid_, rows, BorderForward{At(x_, first), Keep(first), At(y, first)});
    });
    return y;
  }

  Gradients Backward(const torch::Tensor& gradient) const {
    const torch::Tensor g = maps_.Ordered(gradient);
    Gradients gradients = {at::empty_like(x_), at::zeros({}), at::zeros({3, x_.size(1)})};
    // By map, and added up in order: the same bits on any number of threads.
    const auto pairs = static_cast<size_t>(x_.size(0) * x_.size(1));
    std::vector<double> for_border(3 * pairs), for_step(pairs);
    ForEach([&](int64_t first, int64_t pair, const BorderRows& rows) {
      Pass(maps_.shape(), grid_, rows,
           BorderBackward{.x = At(x_, first),
                          .keep = Keep(first),
                          .g = At(g, first),
                          .for_x = At(gradients.x, first),
                          .for_border = for_border.data() + 3 * pair,
                          .for_step = for_step.data() + pair});
    });
    std::vector<double> sums(static_cast<size_t>(3 * x_.size(1)));
    for (size_t i = 0; i < for_border.size(); ++i) sums[i % sums.size()] += for_border[i];
    for (size_t i = 0; i < sums.size(); ++i)
      At(gradients.border, static_cast<int64_t>(i % 3) * x_.size(1))[i / 3] =
          static_cast<float>(sums[i]);
    gradients.step.fill_(std::accumulate(for_step.begin(), for_step.end(), 0.0));
    return gradients;
  }

 private:
  static float* At(const torch::Tensor& of, int64_t first) {
    return of.mutable_data_ptr<float>() + first;
  }
  const uint8_t* Keep(int64_t first) const {
    return keep_.defined() ? keep_.const_data_ptr<uint8_t>() + first : nullptr;
  }

  // Calls visit(first value of the map, its first pair of image and channel, its coefficients).
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    maps_.ForEach([&](int64_t first, int64_t channel, int64_t pair) {
      std::vector<float> rows[3];
      for (int64_t k = 0; k < 3; ++k)
        rows[k] = maps_.shape().Along(At(border_, k * border_.size(1) + channel));
      visit(first, pair, {rows[0].data(), rows[1].data(), rows[2].data()});
    });
  }

  torch::Tensor x_;
  Maps maps_;
  torch::Tensor keep_, border_;
  BorderGrid grid_;
};

struct Quantizer : Function<Quantizer> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x,
                               const torch::Tensor& step, const torch::Tensor& border,
                               int64_t zero_point, int64_t bits,
                               const std::optional<torch::Tensor>& keep) {
    const Call call = {x, step, border, keep.value_or(torch::Tensor()), zero_point, bits};
    context->save_for_backward({x, step, border, call.keep});
    context->saved_data["zero_point"] = zero_point;
    context->saved_data["bits"] = bits;
    return OnePass(x) ? Passes(call).Forward() : ForwardByOperators(call);
  }

  static variable_list backward(AutogradContext* context, const variable_list& upstream) {
    const variable_list saved = context->get_saved_variables();
    const Call call = {saved[0],
                       saved[1],
                       saved[2],
                       saved[3],
                       context->saved_data["zero_point"].toInt(),
                       context->saved_data["bits"].toInt()};
    const Gradients of = OnePass(call.x) ? Passes(call).Backward(upstream[0])
                                         : BackwardByOperators(call, upstream[0]);
    const double factor = 1 / std::sqrt(static_cast<double>(call.x.numel()) * Levels(call.bits));
    return {of.x, of.step * factor, of.border, {}, {}, {}};
  }
};

}  // namespace

torch::Tensor BorderQuantize(const torch::Tensor& x, const torch::Tensor& step,
                             const torch::Tensor& border, int zero_point, int bits,
                             const torch::Tensor& keep) {
  return Quantizer::apply(x, step, border, int64_t{zero_point}, int64_t{bits},
                          keep.defined() ? std::optional(keep) : std::nullopt);
}

}  // namespace zerosweep
