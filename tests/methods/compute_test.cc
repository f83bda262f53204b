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

class ComputeTest : public testing::TestWithParam<std::string> {
 protected:
  SyntheticData Synthesize(const Json& more) const {
    return SynthesizeWith(GetParam(), teacher_,
                          Merged({{"images", 2}, {"batch", 2}, {"iterations", 2}}, more));
  }
  const Teacher teacher_ = RandomTeacher("resnet20_cifar_a", 32);
};

TEST_P(ComputeTest, RoundsWhatTheImagesLearnFrom) {
  const auto reduced = [&] { return Synthesize({{"compute", "bf16"}}); };
  if (!Bfloat16IsFaster(torch::kCPU)) {
    EXPECT_THAT(ErrorMessage(ErrorKind::kUsage, reduced),
                testing::HasSubstr("compute: bf16 would be slower on this CPU"));
    return;
  }
  const SyntheticData plain = Synthesize(Json::object()), rounded = reduced();
  const double first = plain.metrics.at("initial_loss");
  EXPECT_NE(rounded.metrics.at("initial_loss"), first);
  EXPECT_NEAR(rounded.metrics.at("initial_loss"), first, 0.05 * first);
  EXPECT_FALSE(torch::equal(plain.images, rounded.images));
  EXPECT_EQ(rounded.images.scalar_type(), torch::kFloat32);
}

// Cut in the second of two batches.
TEST_P(ComputeTest, AnInterruptedSynthesisGoesOnBitForBit) {
  if (!Bfloat16IsFaster(torch::kCPU)) GTEST_SKIP() << "bfloat16 is no faster on this CPU";
  const auto synthesize = [&](Checkpoints& checkpoints) {
    return SynthesizeWith(GetParam(), teacher_,
                          {{"images", 3}, {"batch", 2}, {"iterations", 3}, {"compute", "bf16"}},
                          checkpoints);
  };
  NoCheckpoints none;
  EXPECT_TRUE(torch::equal(CutAndResume(5, synthesize).images, synthesize(none).images));
}

// Images that stay as they began have the same final loss, however the steps are computed.
TEST_P(ComputeTest, TheFinalLossIsThatOfFloat32) {
  if (!Bfloat16IsFaster(torch::kCPU)) GTEST_SKIP() << "bfloat16 is no faster on this CPU";
  Json still = {{"compute", "bf16"}};
  for (const char* rate : GetParam() == "genie_d"
                              ? std::vector<const char*>{"lr_latents", "lr_generator"}
                              : std::vector<const char*>{"lr", "min_lr"})
    still[rate] = 0.0;
  const SyntheticData rounded = Synthesize(still);
  still.erase("compute");
  const SyntheticData plain = Synthesize(still);
  if (GetParam() == "genie_d") {
    // Its generator is rounded, too.
    EXPECT_NE(rounded.metrics.at("initial_loss"), plain.metrics.at("initial_loss"));
    return;
  }
  EXPECT_TRUE(torch::equal(rounded.images, plain.images));
  EXPECT_EQ(rounded.metrics.at("final_loss"), plain.metrics.at("final_loss"));
}

INSTANTIATE_TEST_SUITE_P(Synthesizers, ComputeTest,
                         testing::Values("zeroq", "dsg", "intraq", "genie_d"));

}  // namespace
}  // namespace zerosweep
