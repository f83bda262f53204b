#include "engine/kernels/batch_norm.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "engine/kernels/fake_quantizer.h"
#include "tests/support/engine/expect_close.h"

namespace zerosweep {
namespace {

constexpr auto kChannelsLast = torch::MemoryFormat::ChannelsLast;

FrozenNorm RandomNorm(int64_t channels, Activation activation) {
  return {.weight = torch::randn({channels}),
          .bias = torch::randn({channels}),
          .mean = torch::randn({channels}),
          .variance = torch::rand({channels}) + 0.5,
          .epsilon = 1e-5,
          .activation = activation};
}

struct NormOutcome {
  torch::Tensor y, mean, squares, for_x, for_residual;
};

// The formulas, operator by operator in double precision.
NormOutcome PlainNorm(const FrozenNorm& norm, const torch::Tensor& x,
                      const torch::Tensor& residual) {
  const auto along = [&](const torch::Tensor& of) {
    return of.to(torch::kFloat64).view({1, -1, 1, 1});
  };
  torch::Tensor y = (x - along(norm.mean)) / torch::sqrt(along(norm.variance) + norm.epsilon) *
                        along(norm.weight) +
                    along(norm.bias);
  if (residual.defined()) y = y + residual;
  if (norm.activation == Activation::kRelu) y = torch::relu(y);
  if (norm.activation == Activation::kRelu6) y = torch::clamp(y, 0, 6);
  const torch::Tensor mean = x.mean({2, 3});
  return {y, mean, (x - mean.view({x.size(0), -1, 1, 1})).square().sum({2, 3}), {}, {}};
}

NormOutcome Fused(const FrozenNorm& norm, const torch::Tensor& x, const torch::Tensor& residual) {
  const NormResult result = Normalise(norm, x, residual, /*with_moments=*/true);
  EXPECT_EQ(result.moments.values, x.size(2) * x.size(3));
  return {result.y, result.moments.mean, result.moments.squares, {}, {}};
}

// Runs `of` on copies of the tensors and gives each result a fixed gradient.
template <typename Function>
NormOutcome NormWithGradients(const Function& of, const FrozenNorm& norm, const torch::Tensor& x,
                              const torch::Tensor& residual) {
  const auto leaf = [](const torch::Tensor& t) {
    return t.defined() ? t.detach().requires_grad_(true) : t;
  };
  const torch::Tensor own_x = leaf(x), own_residual = leaf(residual);
  NormOutcome outcome = of(norm, own_x, own_residual);
  const auto weighted = [](const torch::Tensor& t, double frequency) {
    const torch::Tensor angles =
        torch::arange(t.numel(), torch::kFloat64).view(t.sizes()).mul(frequency);
    return (t * torch::sin(angles).to(t.scalar_type())).sum();
  };
  const double pixels = static_cast<double>(x.size(2) * x.size(3));
  (weighted(outcome.y, 0.7) + weighted(outcome.mean, 1.3) * pixels + weighted(outcome.squares, 2.1))
      .backward();
  outcome.for_x = own_x.grad();
  if (residual.defined()) outcome.for_residual = own_residual.grad();
  return outcome;
}

void ExpectCloseOutcome(const NormOutcome& ours, const NormOutcome& plain, double tolerance,
                        const std::string& what) {
  ExpectCloseIfAny(ours.y, plain.y, tolerance, what + " y");
  ExpectCloseIfAny(ours.mean, plain.mean, tolerance, what + " mean");
  ExpectCloseIfAny(ours.squares, plain.squares, tolerance, what + " squares");
  ExpectCloseIfAny(ours.for_x, plain.for_x, tolerance, what + " gradient");
  ExpectCloseIfAny(ours.for_residual, plain.for_residual, tolerance, what + " residual's gradient");
}

const std::vector<std::vector<int64_t>> kShapes = {{3, 16, 8, 8},  {2, 3, 7, 9},   {1, 1, 1, 1},
                                                   {4, 5, 1, 1},   {2, 24, 9, 9},  {2, 58, 14, 14},
                                                   {1, 125, 3, 3}, {2, 64, 20, 20}};

// float32 against the formulas in float64: values of the order of ten, sums of hundreds of them.
TEST(BatchNormTest, IsTheFormulasWithTheirGradients) {
  torch::manual_seed(1);
  for (const auto& shape : kShapes) {
    for (const auto activation : {Activation::kNone, Activation::kRelu, Activation::kRelu6}) {
      const FrozenNorm norm = RandomNorm(shape[1], activation);
      const torch::Tensor x = torch::randn(shape) * 3 + 2, residual = torch::randn(shape);
      const torch::Tensor wide = x.to(torch::kFloat64);
      for (const bool with_residual : {false, true}) {
        const auto added = [&](const torch::Tensor& t) {
          return with_residual ? t : torch::Tensor();
        };
        const NormOutcome plain =
            NormWithGradients(PlainNorm, norm, wide, added(residual.to(torch::kFloat64)));
        const std::string what = c10::str("shape ", at::IntArrayRef(shape), " activation ",
                                          static_cast<int>(activation), " ", with_residual);
        ExpectCloseOutcome(NormWithGradients(Fused, norm, x, added(residual)), plain, 3e-6, what);
        ExpectCloseOutcome(NormWithGradients(Fused, norm, x.contiguous(kChannelsLast),
                                             added(residual.contiguous(kChannelsLast))),
                           plain, 3e-6, what + " channels last");
        // Part of a larger tensor; a residual of the other order.
        const torch::Tensor strided = torch::cat({x, x}, 3).narrow(3, 0, shape[3]);
        ExpectCloseOutcome(
            NormWithGradients(Fused, norm, strided, added(residual.contiguous(kChannelsLast))),
            plain, 3e-6, what + " strided");
        ExpectCloseOutcome(
            NormWithGradients(Fused,
                              {norm.weight.to(torch::kFloat64), norm.bias.to(torch::kFloat64),
                               norm.mean.to(torch::kFloat64), norm.variance.to(torch::kFloat64),
                               norm.epsilon, activation},
                              wide, added(residual.to(torch::kFloat64))),
            plain, 1e-12, what + " double");
      }
    }
  }
}

TEST(BatchNormTest, EachResultHasItsOwnGradient) {
  torch::manual_seed(2);
  const FrozenNorm norm = RandomNorm(5, Activation::kRelu);
  const torch::Tensor x = torch::randn({2, 5, 6, 7}).contiguous(kChannelsLast);
  for (const int which : {0, 1, 2}) {
    const auto gradient = [&](const auto& of, const torch::Tensor& values) {
      const torch::Tensor leaf = values.detach().requires_grad_(true);
      const NormOutcome outcome = of(norm, leaf, torch::Tensor());
      const torch::Tensor results[] = {outcome.y, outcome.mean, outcome.squares};
      results[which].square().sum().backward();
      return leaf.grad();
    };
    ExpectClose(gradient(Fused, x), gradient(PlainNorm, x.to(torch::kFloat64)), 3e-6,
                std::to_string(which));
  }
}

TEST(BatchNormTest, LargeMeansCostNoDigits) {
  torch::manual_seed(3);
  for (const auto format : {torch::MemoryFormat::Contiguous, kChannelsLast}) {
    const torch::Tensor x = (torch::randn({2, 6, 32, 32}) + 3e4).contiguous(format);
    const ImageMoments moments = MomentsByImage(x);
    const torch::Tensor variance = x.to(torch::kFloat64).var({2, 3}, /*unbiased=*/false);
    ExpectClose(moments.squares / 1024, variance, 1e-5, "variance");
    // One value far from all others, first or last.
    for (const int64_t at : {0, 31}) {
      torch::Tensor spike = torch::full({1, 2, 32, 32}, 7.F).contiguous(format);
      spike.select(2, at).select(2, at).fill_(-5e4F);
      const torch::Tensor wide = spike.to(torch::kFloat64);
      ExpectClose(MomentsByImage(spike).squares,
                  (wide - wide.mean({2, 3}, true)).square().sum({2, 3}), 2e-6, "spike");
    }
  }
}

TEST(BatchNormTest, ValuesThatAreNotFiniteGoWherePyTorchSendsThem) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  for (const auto format : {torch::MemoryFormat::Contiguous, kChannelsLast}) {
    for (const auto activation : {Activation::kNone, Activation::kRelu, Activation::kRelu6}) {
      torch::Tensor x = torch::randn({3, 4, 5, 5});
      x[0][0][1][1] = nan;
      x[1][1][2][2] = inf;
      x[2][2][3][3] = -inf;
      x = x.contiguous(format);
      FrozenNorm norm = RandomNorm(4, activation);
      norm.weight = norm.weight.abs();
      const auto run = [&](const auto& of, const torch::Tensor& values) {
        const torch::Tensor leaf = values.detach().requires_grad_(true);
        NormOutcome outcome = of(norm, leaf, torch::Tensor());
        outcome.y.sum().backward();
        outcome.for_x = leaf.grad();
        return outcome;
      };
      const NormOutcome ours = run(Fused, x), plain = run(PlainNorm, x.to(torch::kFloat64));
      const auto same = [](const torch::Tensor& a, const torch::Tensor& b) {
        return torch::allclose(a.to(torch::kFloat64), b, 1e-5, 1e-5, /*equal_nan=*/true);
      };
      EXPECT_TRUE(same(ours.y, plain.y));
      EXPECT_TRUE(same(ours.for_x, plain.for_x));
      EXPECT_TRUE(torch::equal(ours.squares.isfinite(), plain.squares.isfinite()));
      EXPECT_EQ(ours.squares.isfinite().logical_not().sum().item<int64_t>(), 3);
    }
  }
}

TEST(BatchNormTest, BitsDoNotDependOnTheNumberOfThreads) {
  torch::manual_seed(4);
  const int before = at::get_num_threads();
  for (const auto& shape : {std::vector<int64_t>{16, 24, 30, 30}, {3, 16, 64, 64}}) {
    const FrozenNorm norm = RandomNorm(shape[1], Activation::kRelu);
    const torch::Tensor x = torch::randn(shape).contiguous(kChannelsLast),
                        residual = torch::randn(shape).contiguous(kChannelsLast);
    at::set_num_threads(1);
    const NormOutcome one = NormWithGradients(Fused, norm, x, residual);
    at::set_num_threads(4);
    const NormOutcome four = NormWithGradients(Fused, norm, x, residual);
    at::set_num_threads(before);
    EXPECT_TRUE(torch::equal(one.y, four.y));
    EXPECT_TRUE(torch::equal(one.squares, four.squares));
    EXPECT_TRUE(torch::equal(one.for_x, four.for_x));
    EXPECT_TRUE(torch::equal(one.for_residual, four.for_residual));
  }
}

TEST(BatchNormTest, OverwritesItsInputOnlyWhereItMay) {
  const torch::NoGradGuard no_grad;
  torch::manual_seed(5);
  const FrozenNorm norm = RandomNorm(3, Activation::kRelu);
  const torch::Tensor x = torch::randn({2, 3, 4, 4}), kept = x.clone();
  const torch::Tensor y = Normalise(norm, x, {}, /*with_moments=*/false).y;
  EXPECT_TRUE(torch::equal(x, kept));
  const NormResult over = Normalise(norm, x, {}, /*with_moments=*/true, /*overwrite=*/true);
  EXPECT_TRUE(over.y.is_alias_of(x));
  EXPECT_TRUE(torch::equal(over.y, y));
  EXPECT_TRUE(torch::equal(over.moments.mean, MomentsByImage(kept).mean));
}

TEST(BatchNormTest, PutsItsOutputOnAGrid) {
  torch::manual_seed(6);
  const FakeGrid grid(5.3F, 2, 4);
  for (const auto& shape : kShapes) {
    for (const auto format : {torch::MemoryFormat::Contiguous, kChannelsLast}) {
      FrozenNorm norm = RandomNorm(shape[1], Activation::kRelu);
      const torch::Tensor x = torch::randn(shape).contiguous(format).requires_grad_(true);
      const torch::Tensor y = Normalise(norm, x.detach(), {}, /*with_moments=*/false).y;
      norm.grid = &grid;
      const torch::Tensor quantized = Normalise(norm, x, {}, /*with_moments=*/false).y;
      EXPECT_TRUE(torch::equal(quantized, FakeQuantizeTensor(y, grid, /*overwrite=*/false)));
      EXPECT_FALSE(quantized.requires_grad());
      // Over a tensor that is no leaf, too.
      const torch::Tensor over = Normalise(norm, x * 1, {}, false, /*overwrite=*/true).y;
      EXPECT_TRUE(torch::equal(over, quantized));
      EXPECT_FALSE(over.requires_grad());
    }
  }
}

TEST(BatchNormTest, LeavesCodesOnAGridThatWantsThem) {
  torch::manual_seed(9);
  FrozenNorm norm = RandomNorm(10, Activation::kRelu);
  FakeGrid grid(9.F, 8, 4);
  norm.grid = &grid;
  for (const auto format : {kChannelsLast, torch::MemoryFormat::Contiguous}) {
    const torch::Tensor x = torch::randn({3, 10, 7, 7}).contiguous(format);
    const torch::Tensor values = Normalise(norm, x, {}, false).y;
    grid.as_codes = true;
    const torch::Tensor codes = Normalise(norm, x, {}, false).y;
    grid.as_codes = false;
    EXPECT_EQ(codes.scalar_type(), torch::kUInt8);
    EXPECT_TRUE(torch::equal(DecodeTensor(codes, grid), values));
  }
}

}  // namespace
}  // namespace zerosweep
