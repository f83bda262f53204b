#include "engine/joint/class_generator.h"

#include <gtest/gtest.h>

#include "base/error.h"

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

TEST_F(ClassGeneratorTest, RefusesOddSides) { EXPECT_THROW(Make(false, {3, 30, 30}), Error); }

}  // namespace
}  // namespace zerosweep
