#include "engine/kernels/border_quantizer.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>

#include "engine/quant/number_format.h"
#include "engine/quant/range_estimation.h"
#include "tests/support/engine/expect_close.h"

namespace zerosweep {
namespace {

TEST(BorderQuantizerTest, WithoutCoefficientsItIsNearestButForTies) {
  torch::manual_seed(0);
  const torch::Tensor step = torch::tensor(0.25F), none = torch::zeros({3, 5});
  const torch::Tensor x = torch::randn({4, 5, 6, 6});
  const UniformGrid grid = GridFromStep(step, torch::tensor(6.F), 4);
  EXPECT_TRUE(torch::equal(BorderQuantize(x, step, none, 6, 4), FakeQuantize(x, grid)));
  // ceil(u − 1/2) takes halves down, rint to even.
  const torch::Tensor ties = torch::tensor({{0.5F, 1.5F, 2.5F, 3.5F, -0.5F}}) * step;
  const torch::Tensor down = torch::tensor({{0.F, 1.F, 2.F, 3.F, -1.F}}) * step;
  EXPECT_TRUE(torch::equal(BorderQuantize(ties, step, none, 6, 4), down));
}

// q − u is at least −B and less than 1 − B; what has a code keeps it under any border.
TEST(BorderQuantizerTest, CodesChangeAtTheBorder) {
  torch::manual_seed(1);
  const torch::Tensor step = torch::tensor(0.5F);
  const torch::Tensor border = torch::tensor({{0.2F, -0.3F}, {0.1F, 1.F}, {-0.4F, 0.5F}});
  const torch::Tensor x = torch::rand({1000, 2}) * 7;
  const torch::Tensor u = x / step, t = u / 15;
  const torch::Tensor b = (0.5 + border[0] + border[1] * t + border[2] * t * t).clamp(0, 0.999);
  const torch::Tensor q = BorderQuantize(x, step, border, 0, 4) / step;
  EXPECT_TRUE((q - u >= -b - 1e-5).all().item<bool>());
  EXPECT_TRUE((q - u < 1 - b + 1e-5).all().item<bool>());
  const torch::Tensor codes = torch::arange(16).to(torch::kFloat32).view({-1, 1}) * step;
  for (const float coefficient : {-9.F, 9.F}) {
    EXPECT_TRUE(
        torch::equal(BorderQuantize(codes, step, torch::full({3, 1}, coefficient), 0, 4), codes));
  }
}

// Every gradient by its definition, element by element in double precision.
TEST(BorderQuantizerTest, GradientsAreTheDefinitions) {
  torch::manual_seed(2);
  const int bits = 3, z = 2;
  const double low = -z, high = 7 - z, s = 0.3;
  const torch::Tensor x = torch::randn({4, 5, 3, 3}, torch::kFloat64).set_requires_grad(true);
  const torch::Tensor step = torch::tensor(s, torch::kFloat64).set_requires_grad(true);
  const torch::Tensor border =
      (0.4 * torch::randn({3, 5}, torch::kFloat64)).set_requires_grad(true);
  const torch::Tensor g = torch::randn_like(x);
  const torch::Tensor keep = (torch::rand_like(x) < 0.7).to(torch::kUInt8);
  (BorderQuantize(x, step, border, z, bits, keep) * g).sum().backward();
  double for_step = 0;
  torch::Tensor for_border = torch::zeros({3, 5}, torch::kFloat64);
  int clipped = 0, moved = 0;
  for (int64_t n = 0; n < 4; ++n) {
    for (int64_t r = 0; r < 5; ++r) {
      for (int64_t i = 0; i < 9; ++i) {
        const auto at = [&](const torch::Tensor& t) {
          return t.detach()[n][r].flatten()[i].item<double>();
        };
        const auto b = [&](int64_t k) { return border.detach()[k][r].item<double>(); };
        const double u = at(x) / s, t = u / 7, from = at(g);
        const double quadratic = 0.5 + b(0) + b(1) * t + b(2) * t * t;
        const double q = std::ceil(u - std::min(std::max(quadratic, 0.0), 0.999));
        const bool inside = q >= low && q <= high, kept = at(keep) != 0;
        EXPECT_NEAR(at(x.grad()), inside || !kept ? from : 0, 1e-12);
        if (!kept) continue;
        for_step += from * (inside ? q - u : (q < low ? low : high));
        const bool moves = inside && quadratic >= 0 && quadratic <= 0.999;
        (moves ? moved : clipped) += 1;
        for (int k = 0; moves && k < 3; ++k) for_border[k][r] += -s * from * std::pow(t, k);
      }
    }
  }
  EXPECT_GT(moved, 50);
  EXPECT_GT(clipped, 10);
  EXPECT_NEAR(step.grad().item<double>(), for_step / std::sqrt(180.0 * 7), 1e-12);
  EXPECT_TRUE(torch::allclose(border.grad(), for_border, 1e-12, 1e-12));
}

// Arguments of one call, and what comes back.
struct Call {
  torch::Tensor x, step, border, keep;

  Call To(torch::Dtype type) const {
    const auto leaf = [&](const torch::Tensor& of) {
      return of.detach().to(type).clone().set_requires_grad(true);
    };
    return {leaf(x), leaf(step), leaf(border), keep};
  }
  torch::Tensor Run() const { return BorderQuantize(x, step, border, 5, 4, keep); }
};

Call RandomCall(at::IntArrayRef shape, bool with_keep) {
  const torch::Tensor x = 2 * torch::randn(shape);
  const torch::Tensor keep = (torch::rand(shape) < 0.7).to(torch::kUInt8);
  return {x, torch::tensor(0.3F), 0.5 * torch::randn({3, shape[1]}),
          with_keep ? keep : torch::Tensor()};
}

// The one-pass kernel for float32 against the tensor operations in float64. A fraction that lies on
// the border in one of them may round otherwise: none does here.
TEST(BorderQuantizerTest, TheKernelIsTheExpression) {
  torch::manual_seed(3);
  for (const auto& shape : {std::vector<int64_t>{3, 16, 31, 37},
                            {2, 7, 5, 3},
                            {4, 70, 1, 1},
                            {1, 1, 1, 1},
                            {5, 130},
                            {3, 6, 77}}) {
    for (const bool with_keep : {false, true}) {
      for (const bool last : {false, true}) {
        Call ours = RandomCall(shape, with_keep).To(torch::kFloat32);
        if (last && shape.size() == 4) {
          const auto format = at::MemoryFormat::ChannelsLast;
          ours.x = ours.x.detach().contiguous(format).set_requires_grad(true);
        }
        const Call plain = ours.To(torch::kFloat64);
        const torch::Tensor g = torch::randn(shape), y = ours.Run(), expected = plain.Run();
        ExpectClose(y, expected, 1e-6);
        EXPECT_EQ(y.strides(), ours.x.strides());
        y.backward(g);
        expected.backward(g.to(torch::kFloat64));
        ExpectClose(ours.x.grad(), plain.x.grad(), 0);
        ExpectClose(ours.step.grad(), plain.step.grad(), 1e-4);
        ExpectClose(ours.border.grad(), plain.border.grad(), 1e-5);
      }
    }
  }
}

TEST(BorderQuantizerTest, AnyTensorAndAnyNumberOfThreads) {
  torch::manual_seed(4);
  const Call call = RandomCall({16, 24, 20, 20}, true).To(torch::kFloat32);
  const auto gradients = [&](int threads, const Call& of) {
    at::set_num_threads(threads);
    (of.Run() * of.x.detach()).sum().backward();
    at::set_num_threads(1);
    return std::vector<torch::Tensor>{of.x.grad(), of.step.grad(), of.border.grad()};
  };
  const auto one = gradients(1, call.To(torch::kFloat32));
  const auto three = gradients(3, call.To(torch::kFloat32));
  for (size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(torch::equal(one[i], three[i]));
  // Every second column: not contiguous.
  const torch::Tensor wide = torch::randn({2, 4, 6, 10}), columns = wide.slice(3, 0, 10, 2);
  const torch::Tensor border = 0.3 * torch::randn({3, 4});
  EXPECT_TRUE(torch::equal(BorderQuantize(columns, call.step.detach(), border, 5, 4),
                           BorderQuantize(columns.clone(), call.step.detach(), border, 5, 4)));
}

// Infinity too: its border has no value.
TEST(BorderQuantizerTest, WhatIsNotFiniteBecomesNan) {
  torch::Tensor x = torch::zeros({1, 2, 8, 9});
  for (const float value : {NAN, INFINITY, -INFINITY}) {
    x[0][1][7][8] = value;
    for (const auto type : {torch::kFloat32, torch::kFloat64}) {
      const torch::Tensor y =
          BorderQuantize(x.to(type), torch::tensor(0.5F), torch::zeros({3, 2}), 5, 4);
      EXPECT_EQ(torch::isnan(y).nonzero().size(0), 1);
      EXPECT_TRUE(std::isnan(y[0][1][7][8].item<double>()));
    }
  }
}

}  // namespace
}  // namespace zerosweep
