#include "engine/kernels/learned_quantizer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/quant/range_estimation.h"
#include "engine/random/streams.h"

namespace zerosweep {
namespace {

struct Case {
  int zero_point;
  StepGradient gradient;
};

class LearnedQuantizerCases : public testing::TestWithParam<Case> {};

// The gradient by its definition, element by element in double precision.
TEST_P(LearnedQuantizerCases, LearnedQuantizerTestGradientsAreTheDefinitions) {
  torch::manual_seed(0);
  const auto [z, kind] = GetParam();
  const int bits = 3;
  const double low = -z, high = 7 - z, s = 0.3;
  const torch::Tensor x = torch::randn({4, 5, 3, 3}, torch::kFloat64).set_requires_grad(true);
  const torch::Tensor step = torch::tensor(s, torch::kFloat64).set_requires_grad(true);
  const torch::Tensor g = torch::randn_like(x);
  const torch::Tensor keep = (torch::rand_like(x) < 0.5).to(torch::kUInt8);
  const torch::Tensor y = LearnedQuantize(x, step, z, bits, kind, keep);
  (y * g).sum().backward();
  double for_step = 0;
  const auto flat = [](const torch::Tensor& t) { return t.detach().flatten(); };
  for (int64_t i = 0; i < x.numel(); ++i) {
    const double value = flat(x)[i].item<double>(), from = flat(g)[i].item<double>();
    const bool kept = flat(keep)[i].item<int>() != 0;
    const double ratio = value / s, rounded = std::nearbyint(ratio);
    const double tested = kind == StepGradient::kClampThenRound ? ratio : rounded;
    const bool inside = tested >= low && tested <= high;
    const double q = std::min(std::max(rounded, low), high);
    EXPECT_NEAR(flat(y)[i].item<double>(), kept ? q * s : value, 1e-12);
    EXPECT_NEAR(flat(x.grad())[i].item<double>(), inside || !kept ? from : 0, 1e-12);
    if (kept) for_step += from * (inside ? rounded - ratio : (tested < low ? low : high));
  }
  if (kind == StepGradient::kRoundThenClamp)
    for_step /= std::sqrt(static_cast<double>(x.numel()) * 7);
  EXPECT_NEAR(step.grad().item<double>(), for_step, 1e-12 * x.numel());
}

// The one-pass kernel for float32 against the tensor expressions, in both memory layouts.
TEST_P(LearnedQuantizerCases, LearnedQuantizerTestTheKernelIsTheExpression) {
  torch::manual_seed(1);
  const auto [z, kind] = GetParam();
  for (const auto layout : {torch::MemoryFormat::Contiguous, torch::MemoryFormat::ChannelsLast}) {
    const torch::Tensor x = torch::randn({3, 16, 31, 37}).contiguous(layout);
    const torch::Tensor g = torch::randn({3, 16, 31, 37});  // of the other layout in one case
    const torch::Tensor keep = RandomStreams(0).KeepForSamples(0, "keep", x, 0.5);
    for (const bool with_keep : {false, true}) {
      const auto run = [&, z = z, kind = kind](torch::Dtype type) {
        const auto leaf = [&](const torch::Tensor& of) {
          return of.to(type).clone().set_requires_grad(true);
        };
        const torch::Tensor own_x = leaf(x), step = leaf(torch::tensor(0.25F));
        const torch::Tensor y =
            LearnedQuantize(own_x, step, z, 4, kind, with_keep ? keep : torch::Tensor());
        y.backward(g.to(type));
        return std::vector<torch::Tensor>{y, own_x.grad(), step.grad()};
      };
      const auto kernel = run(torch::kFloat32), expression = run(torch::kFloat64);
      EXPECT_TRUE(torch::equal(kernel[0], expression[0].to(torch::kFloat32)));
      EXPECT_TRUE(torch::equal(kernel[1], expression[1].to(torch::kFloat32)));
      EXPECT_NEAR(kernel[2].item<double>(), expression[2].item<double>(), 1e-2);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(LearnedQuantizerTest, LearnedQuantizerCases,
                         testing::Values(Case{0, StepGradient::kRoundThenClamp},
                                         Case{3, StepGradient::kRoundThenClamp},
                                         Case{0, StepGradient::kClampThenRound},
                                         Case{4, StepGradient::kClampThenRound}));

TEST(LearnedQuantizerTest, IsTheGridsFakeQuantization) {
  torch::manual_seed(0);
  const torch::Tensor x = torch::randn({1000});
  const torch::Tensor step = torch::tensor(0.25F);
  const UniformGrid grid = GridFromStep(step, torch::tensor(5.F), 4);
  EXPECT_TRUE(torch::equal(LearnedQuantize(x, step, 5, 4, StepGradient::kRoundThenClamp),
                           FakeQuantize(x, grid)));
}

TEST(LearnedQuantizerTest, KeepMasksHaveTheirProbabilityAndTheirOwnStreams) {
  const RandomStreams streams(3);
  const torch::Tensor like = torch::empty({8, 3, 50, 50});
  for (const double p : {0.0, 0.25, 0.5, 1.0}) {
    const torch::Tensor keep = streams.KeepForSamples(7, "keep", like, p);
    // 60000 draws: five standard deviations are below 0.011.
    EXPECT_NEAR(keep.to(torch::kFloat64).mean().item<double>(), p, p == 0 || p == 1 ? 0 : 0.011);
  }
  const torch::Tensor all = streams.KeepForSamples(7, "keep", like, 0.5);
  EXPECT_TRUE(
      torch::equal(all.slice(0, 4), streams.KeepForSamples(7, "keep", like.slice(0, 4), 0.5, 4)));
  EXPECT_FALSE(torch::equal(all, streams.KeepForSamples(8, "keep", like, 0.5)));
}

}  // namespace
}  // namespace zerosweep
