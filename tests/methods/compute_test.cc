// `compute: bf16`, on a network whose layers are wide enough for it. On a machine on which it would
// be slower, the methods must say so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "engine/graph/convolution.h"
#include "tests/support/engine/random_teacher.h"
#include "tests/support/engine/synthesizer_checks.h"
#include "tests/support/error_message.h"

namespace zerosweep {
namespace {

bool Bfloat16IsFaster() {
  return ConvolutionSeconds(Precision::kBfloat16, torch::kCPU) <
         ConvolutionSeconds(Precision::kFloat32, torch::kCPU);
}

class ComputeTest : public testing::TestWithParam<std::string> {
 protected:
  SyntheticData Synthesize(const Json& more) const {
    return SynthesizeWith(GetParam(), teacher_,
                          Merged({{"images", 2}, {"batch", 2}, {"iterations", 1}}, more));
  }

 private:
  const Teacher teacher_ = RandomTeacher("resnet20_cifar_a", 32);
};

TEST_P(ComputeTest, RoundsTheImagesGradientsAlone) {
  const auto reduced = [&] { return Synthesize({{"compute", "bf16"}}); };
  if (!Bfloat16IsFaster()) {
    EXPECT_THAT(ErrorMessage(ErrorKind::kUsage, reduced),
                testing::HasSubstr("compute: bf16 would be slower here"));
    return;
  }
  const SyntheticData plain = Synthesize(Json::object()), rounded = reduced();
  EXPECT_FALSE(torch::equal(plain.images, rounded.images));
  // One step of Adam moves a pixel by the rate, in the direction of the gradient's sign.
  const torch::Tensor same = (plain.images - rounded.images).abs() < 0.05;
  EXPECT_GT(same.to(torch::kFloat64).mean().item<double>(), 0.9);
  EXPECT_EQ(rounded.images.scalar_type(), torch::kFloat32);
  // The loss of the finished images is that of float32.
  EXPECT_NEAR(rounded.metrics.at("final_loss"), plain.metrics.at("final_loss"),
              0.05 * plain.metrics.at("final_loss"));
}

INSTANTIATE_TEST_SUITE_P(Synthesizers, ComputeTest,
                         testing::Values("zeroq", "dsg", "intraq", "genie_d"));

}  // namespace
}  // namespace zerosweep
