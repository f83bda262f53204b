#include <gtest/gtest.h>
#include <torch/types.h>

#include "base/error.h"
#include "engine/synthesis/synthesizer.h"
#include "tests/support/engine/batch_norm_inputs.h"
#include "tests/support/engine/synthesizer_checks.h"

namespace zerosweep {
namespace {

SyntheticData SynthesizeZeroq(const Teacher& teacher, const Json& given, uint64_t seed = 0) {
  return SynthesizeWith("zeroq", teacher, given, seed);
}

// The loss of section 1.1 once more, image by image and channel by channel in double precision.
double ZeroqLossByHand(const Teacher& teacher, const torch::Tensor& images) {
  double total = 0;
  const auto add = [&](const torch::Tensor& x, const torch::Tensor& mean,
                       const torch::Tensor& variance) {
    for (int64_t b = 0; b < x.size(0); ++b) {
      for (int64_t c = 0; c < x.size(1); ++c) {
        const torch::Tensor map = x[b][c].to(torch::kFloat64).flatten();
        const double mu = map.mean().item<double>();
        const double n = static_cast<double>(map.numel());
        const double sigma = std::sqrt((map - mu).square().sum().item<double>() / (n - 1) + 1e-6);
        const double s = std::sqrt(variance[c].item<double>() + 1e-6);
        total += (std::pow(mu - mean[c].item<double>(), 2) + std::pow(sigma - s, 2)) /
                 static_cast<double>(x.size(0));
      }
    }
  };
  add(images, torch::zeros(3), torch::full({3}, 1 - 1e-6));
  VisitBatchNormInputs(teacher.graph, images, [&](const Node& bn, const torch::Tensor& input) {
    add(input, bn.parameters.at("running_mean"), bn.parameters.at("running_var"));
  });
  return total;
}

TEST(ZeroqTest, TheLossIsTheSpecifications) {
  const Teacher teacher = TinyTeacher();
  const SyntheticData data =
      SynthesizeZeroq(teacher, {{"images", 4}, {"batch", 4}, {"iterations", 3}});
  // float32 sums over some hundred terms: 1e-5 relative.
  EXPECT_NEAR(data.metrics.at("final_loss"), ZeroqLossByHand(teacher, data.images),
              1e-5 * data.metrics.at("final_loss"));
}

TEST(ZeroqTest, TheLossFalls) {
  const SyntheticData data = SynthesizeZeroq(
      TinyTeacher(), {{"images", 8}, {"batch", 8}, {"iterations", 300}, {"lr", 0.1}});
  EXPECT_LT(data.metrics.at("final_loss"), 0.05 * data.metrics.at("initial_loss"));
  EXPECT_EQ(data.curves.at("loss").ToJson().at("y").size(), 300U);
  EXPECT_EQ(data.images.sizes(), (std::vector<int64_t>{8, 3, 8, 8}));
}

TEST(ZeroqTest, TheCodesInitialImagesAreNearZeroNoiseAndThePapersAreGaussian) {
  const Teacher teacher = TinyTeacher();
  const Json base = {{"images", 64}, {"batch", 64}, {"iterations", 1}, {"lr", 0.0}};
  Json code = base, paper = base;
  code["init"] = "scaled_uniform";
  paper["init"] = "gaussian";
  const torch::Tensor uniform = SynthesizeZeroq(teacher, code).images;
  EXPECT_LE(uniform.abs().max().item<float>(), 127.5F / 5418.75F);
  // Uniform integers 0…254: standard deviation √((255² − 1)/12) / 5418.75 = 0.013585; the mean of
  // 254/2 − 127.5 = −0.5.
  EXPECT_NEAR(uniform.std().item<double>(), 0.013585, 0.0002);
  EXPECT_NEAR(SynthesizeZeroq(teacher, paper).images.std().item<double>(), 1.0, 0.02);
}

TEST(ZeroqTest, SameSeedSameBitsAndAnotherSeedOtherImages) {
  ExpectSameSeedSameBits("zeroq", {{"images", 2}, {"batch", 2}, {"iterations", 2}});
}

TEST(ZeroqTest, BatchesCoverAllImages) {
  const SyntheticData data =
      SynthesizeZeroq(TinyTeacher(), {{"images", 5}, {"batch", 2}, {"iterations", 1}});
  EXPECT_EQ(data.images.size(0), 5);
}

TEST(ZeroqTest, ANetworkWithoutBatchNormIsRefused) {
  ExpectRefusedWithoutBatchNorm("zeroq", {{"images", 2}, {"iterations", 1}});
}

// Cut in the middle of the second of three batches.
TEST(ZeroqTest, AnInterruptedSynthesisGoesOnBitForBit) {
  ExpectResumesBitForBit("zeroq",
                         {{"images", 5}, {"batch", 2}, {"iterations", 6}, {"plateau_patience", 0}},
                         {1, 6, 9, 12});
}

TEST(ZeroqTest, ADivergingLossIsNonFinite) {
  try {
    SynthesizeZeroq(TinyTeacher(), {{"images", 2}, {"batch", 2}, {"iterations", 5}, {"lr", 1e20}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kTrial);
    EXPECT_EQ(error.failure(), Failure::kNonFinite);
  }
}

}  // namespace
}  // namespace zerosweep
