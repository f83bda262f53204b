#include "engine/generative/class_generator.h"

#include <gtest/gtest.h>

#include "engine/parallel/moments.h"
#include "engine/synthesis/generator_layers.h"

namespace zerosweep {
namespace {

class ClassGeneratorTest : public testing::Test {
 protected:
  ClassGenerator Make(bool conditional, const std::vector<int64_t>& image = {3, 32, 32}) const {
    return {{image, 5, 4, conditional}, RandomStreams(1), torch::TensorOptions(torch::kFloat32)};
  }
  SoloGroup alone_;
};

TEST_F(ClassGeneratorTest, ImagesAreStandardisedInEachChannel) {
  torch::manual_seed(1);
  for (const std::vector<int64_t>& shape :
       {std::vector<int64_t>{3, 32, 32}, {1, 28, 28}, {3, 224, 224}}) {
    const torch::Tensor x =
        Make(false, shape).Images(alone_, torch::randn({2, 5}), torch::zeros({2, 4}));
    ASSERT_EQ(x.sizes().slice(1), at::IntArrayRef(shape));
    EXPECT_LT(x.mean(at::IntArrayRef{0, 2, 3}).abs().max().item<double>(), 1e-4);
    EXPECT_TRUE(torch::allclose(x.var(at::IntArrayRef{0, 2, 3}, /*unbiased=*/false),
                                torch::ones(shape[0]), 1e-2));
  }
}

// conv → norm with ε 0.8: small activations stay small, which an ε of 1e-5 would undo.
TEST_F(ClassGeneratorTest, InnerNormsKeepTheEpsilonOfTheReleasedCode) {
  torch::manual_seed(2);
  const ClassGenerator generator = Make(false);
  const torch::Tensor inputs = torch::randn({4, 5});
  const auto images = [&] { return generator.Images(alone_, inputs, {}).detach().clone(); };
  const torch::Tensor before = images();
  {
    const torch::NoGradGuard no_grad;
    for (const torch::Tensor& parameter : generator.Parameters())
      if (parameter.dim() == 4 && parameter.size(0) == 128) parameter.mul_(10);  // conv1
  }
  EXPECT_GT((images() - before).abs().max().item<double>(), 0.01)
      << "a norm with a small ε would not notice the size of its input";
}

TEST_F(ClassGeneratorTest, ConditionalNormsHaveATableOfClasses) {
  torch::manual_seed(3);
  const ClassGenerator generator = Make(true);
  {
    const torch::NoGradGuard no_grad;
    for (const torch::Tensor& parameter : generator.Parameters())
      if (parameter.dim() == 2 && parameter.size(0) == 4)
        parameter.add_(torch::randn_like(parameter));
  }
  const torch::Tensor inputs = torch::randn({1, 5}).repeat({2, 1});
  const torch::Tensor classes = torch::eye(4).slice(0, 1, 3);
  const torch::Tensor x = generator.Images(alone_, inputs, classes);
  EXPECT_GT((x[0] - x[1]).abs().max().item<double>(), 0.01) << "the same latents, two classes";
}

// The layers once more, by plain calls. `seed`: side of the first maps; `norm(x, γ, β, ε)`.
template <typename Norm>
torch::Tensor ImagesByHand(const ClassGenerator& generator, const torch::Tensor& inputs,
                           int64_t seed, int64_t side, const Norm& norm) {
  const std::vector<torch::Tensor>& p = generator.Parameters();
  const auto twice = [](const torch::Tensor& x) {
    return torch::upsample_nearest2d(x, {x.size(2) * 2, x.size(3) * 2});
  };
  torch::Tensor x = torch::linear(inputs, p[0], p[1]).view({-1, seed, seed, 128});
  x = norm(x.permute({0, 3, 1, 2}), p[2], p[3], 1e-5);
  x = norm(torch::conv2d(twice(x), p[4], {}, 1, 1), p[5], p[6], 0.8);
  x = norm(torch::conv2d(twice(torch::leaky_relu(x, 0.2)), p[7], {}, 1, 1), p[8], p[9], 0.8);
  x = torch::tanh(torch::conv2d(torch::leaky_relu(x, 0.2), p[10], p[11], 1, 1));
  const int64_t first = (4 * seed - side) / 2;
  if (4 * seed != side) x = x.slice(2, first, first + side).slice(3, first, first + side);
  return norm(x, torch::Tensor(), torch::Tensor(), 1e-5);
}

TEST_F(ClassGeneratorTest, SidesThatFourDividesNeedNoCrop) {
  torch::manual_seed(4);
  const ClassGenerator generator = Make(false, {3, 8, 8});
  const torch::Tensor inputs = torch::randn({4, 5});
  const torch::Tensor expected = ImagesByHand(
      generator, inputs, 2, 8,
      [&](const torch::Tensor& x, const torch::Tensor& gamma, const torch::Tensor& beta,
          double epsilon) { return GlobalBatchNorm(alone_, x, gamma, beta, epsilon); });
  EXPECT_TRUE(torch::allclose(generator.Images(alone_, inputs, {}), expected, 1e-4, 1e-5));
}

// Side 10 is the middle of 12, 30 that of 32, 9 and 11 are nearer to the top left.
TEST_F(ClassGeneratorTest, OtherSidesAreTheMiddleOfTheNextOnesAndStandardisedAsShown) {
  torch::manual_seed(5);
  for (const int64_t side : {9, 10, 11, 30}) {
    const ClassGenerator generator = Make(false, {3, side, side});
    const torch::Tensor inputs = torch::randn({4, 5});
    const torch::Tensor x = generator.Images(alone_, inputs, {});
    ASSERT_EQ(x.sizes(), (std::vector<int64_t>{4, 3, side, side}));
    EXPECT_TRUE(x.is_contiguous(torch::MemoryFormat::ChannelsLast));
    EXPECT_LT(x.mean(at::IntArrayRef{0, 2, 3}).abs().max().item<double>(), 1e-5);
    const torch::Tensor expected =
        ImagesByHand(generator, inputs, side == 30 ? 8 : 3, side,
                     [](const torch::Tensor& y, const torch::Tensor& gamma,
                        const torch::Tensor& beta, double epsilon) {
                       return torch::batch_norm(y, gamma, beta, {}, {}, true, 0, epsilon, false);
                     });
    EXPECT_TRUE(torch::allclose(x, expected, 1e-3, 1e-4)) << side;  // float32, other order of sums
  }
}

TEST_F(ClassGeneratorTest, ACropIsTheMiddleAndNothingWhereTheSizeFits) {
  const torch::Tensor x = torch::arange(144, torch::kFloat32).view({1, 1, 12, 12});
  EXPECT_TRUE(CentreCrop(x, 12, 12).is_same(x));
  EXPECT_TRUE(torch::equal(CentreCrop(x, 10, 11), x.slice(2, 1, 11).slice(3, 0, 11)));
  EXPECT_TRUE(torch::equal(CentreCrop(x, 9, 12), x.slice(2, 1, 10)));
  for (const auto& [side, seed] : {std::pair{8, 2}, {9, 3}, {12, 3}, {299, 75}, {300, 75}})
    EXPECT_EQ(SeedSide(side), seed) << side;
}

}  // namespace
}  // namespace zerosweep
