// The joint methods: the same on one rank and on several, and resumed bit for bit. What each adds
// is tested beside its name.
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/engine/generative_case.h"
#include "tests/support/engine/state_on_ranks.h"

namespace zerosweep {
namespace {

TrainingState StateAfter(const std::string& name, const Json& given, torch::ScalarType type,
                         int ranks, int64_t steps) {
  const GenerativeCase shared(name, given,
                              type);  // made once: its random numbers are of one generator
  return StateOnRanks(ranks, steps, [&](Group& group, Checkpoints& checkpoints) {
    GenerativeCase one = shared;
    one.teacher.graph = shared.teacher.graph.Clone();
    one.Run(group, checkpoints);
  });
}

class JointTest : public testing::TestWithParam<const char*> {
 protected:
  // The student is trained from the first step on.
  static Json Early(int64_t steps) {
    return {{"warm_up", 1},
            {"calibration", 1},
            {"iterations", steps},
            {"centroids_from", 1},
            {"epoch", 4}};
  }
  // Of each gradient, relative to its norm.
  static std::map<std::string, double> Limits(const TrainingState& state) {
    std::map<std::string, double> limits;
    for (const auto& [key, tensor] : state)
      if (key.ends_with(".exp_avg")) limits[key] = key.ends_with(".11.exp_avg") ? 2e-3 : 1e-4;
    return limits;
  }
  Json Given(Json all) const {
    if (std::string(GetParam()) == "clusterq") return all;
    all.erase("centroids_from");
    all.erase("epoch");
    return all;
  }
};

TEST_P(JointTest, SeveralRanksComputeWhatOneDoesInDouble) {
  for (const int ranks : {2, 4}) {
    for (const auto& [steps, limit] : {std::pair{2, 1e-10}, {20, 1e-8}}) {
      const Json given = Given(Early(steps));
      const auto one = StateAfter(GetParam(), given, torch::kFloat64, 1, steps);
      const auto several = StateAfter(GetParam(), given, torch::kFloat64, ranks, steps);
      EXPECT_LT(Difference(one, several), limit) << ranks << " ranks, " << steps << " steps";
    }
  }
}

// After one step, Adam's first average is the gradient. That of the last convolution's bias (11) is
// a small difference of large sums: what tanh lets through, a batch norm takes away.
TEST_P(JointTest, SeveralRanksHaveTheGradientsOfOneInFloat) {
  for (const int ranks : {2, 4}) {
    const Json given = Given(Early(2));
    const auto one = StateAfter(GetParam(), given, torch::kFloat32, 1, 1);
    const auto several = StateAfter(GetParam(), given, torch::kFloat32, ranks, 1);
    for (const auto& [key, limit] : Limits(one))
      EXPECT_LT(Difference(one, several, key), limit) << key << " on " << ranks;
    EXPECT_LT(Difference(one, several, "generator_loss.curve"), 1e-5) << ranks;
  }
}

TEST_P(JointTest, SamplesAndScoresAreThoseOfOneRank) {
  const GenerativeCase shared(GetParam(), Given(Early(1)), torch::kFloat64);
  const auto result_of = [&](Group& group) {
    GenerativeCase one = shared;
    one.teacher.graph = shared.teacher.graph.Clone();
    NoCheckpoints none;
    return one.Run(group, none);
  };
  SoloGroup alone;
  const Quantization expected = result_of(alone);
  EXPECT_EQ(expected.samples.size(0), 8);
  RunRanks(2, [&](Group& group) {
    const Quantization several = result_of(group);
    EXPECT_TRUE(torch::allclose(several.samples, expected.samples, 1e-8, 1e-8));
    for (const auto& [name, value] : expected.metrics)
      EXPECT_NEAR(several.metrics.at(name), value, 1e-8 * std::abs(value)) << name;
  });
}

TEST_P(JointTest, AnInterruptedTrainingGoesOnBitForBit) {
  GenerativeCase one(GetParam());
  SoloGroup alone;
  NoCheckpoints none;
  const auto expected = one.Run(alone, none);
  for (const int64_t cut : {2, 5}) {
    const auto again =
        CutAndResume(cut, [&](Checkpoints& checkpoints) { return one.Run(alone, checkpoints); });
    const auto state = expected.network.State(), resumed = again.network.State();
    ASSERT_EQ(state.size(), resumed.size());
    for (const auto& [key, tensor] : state)
      EXPECT_TRUE(torch::equal(tensor, resumed.at(key))) << key << " cut at " << cut;
    EXPECT_TRUE(torch::equal(expected.samples, again.samples));
    EXPECT_EQ(expected.metrics, again.metrics);
    ASSERT_EQ(again.snapshots.size(), 3U);  // untrained, and two
    EXPECT_EQ(again.snapshots[1].step, 2);
  }
}

TEST_P(JointTest, TheGeneratorLearnsWhatItIsAskedFor) {
  GenerativeCase one(GetParam(),
                     {{"batch", 16}, {"warm_up", 100}, {"calibration", 5}, {"iterations", 0}});
  SoloGroup alone;
  NoCheckpoints none;
  const Quantization result = one.Run(alone, none);
  EXPECT_LT(result.metrics.at("final_generator_loss"),
            0.95 * result.metrics.at("initial_generator_loss"));
  EXPECT_EQ(result.samples.size(0), 8);
  EXPECT_EQ(result.snapshots.size(), 1U);
}

TEST_P(JointTest, NeedsCalibrationBeforeTheStudent) {
  SoloGroup alone;
  NoCheckpoints none;
  GenerativeCase never(GetParam(), {{"calibration", 0}});
  try {
    never.Run(alone, none);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.failure(), Failure::kConfiguration);
    EXPECT_STREQ(error.what(),
                 "the student's activation ranges are never calibrated: calibration is 0");
  }
  GenerativeCase late(GetParam(), {{"calibration", 9}});
  EXPECT_THROW(late.Run(alone, none), Error);
}

TEST_P(JointTest, ALossThatIsNotFiniteIsToldByName) {
  GenerativeCase one(GetParam(), {{"lr_generator", 1e30}});
  SoloGroup alone;
  NoCheckpoints none;
  try {
    one.Run(alone, none);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.failure(), Failure::kNonFinite) << error.what();
  }
}

// Inception-v3 takes 299 pixels, pytorchcv's MobileNetV2 ends in a convolution of 1×1.
TEST_P(JointTest, TrainsForSidesThatFourDoesNotDivideAndForAConvolutionAsClassifier) {
  GenerativeCase one(GetParam(), {}, torch::kFloat32, ConvHeadTeacher(10));
  Alone with;
  const Quantization result = one.Run(with.group, with.checkpoints);
  EXPECT_EQ(result.samples.sizes(), (std::vector<int64_t>{8, 3, 10, 10}));
  EXPECT_EQ(result.curves.at("loss").count(), 4);
}

// Rate 0.01 and 4 steps of 8 images of 4 classes; KD weights 400/4, 400, and 20 · 400 over 16
// images. Of 3 + 4 steps, the falls are at 1.75, 3.5 and 5.25: factors 0.1, 0.01, 0.01, 0.001.
TEST_P(JointTest, TheBudgetOfTheStudentIsAMetric) {
  const std::map<std::string, double> weights = {
      {"gdfq", 100}, {"qimera", 100}, {"clusterq", 400}, {"fdda", 8000}};
  const double weight = weights.at(GetParam());
  const std::map<std::string, double> sums = {
      {"constant", 4}, {"step", 0.121}, {"cosine", 2.5}};  // Σ cos²(πk/8) = (4 + 1)/2
  for (const auto& [schedule, sum] : sums) {
    GenerativeCase one(GetParam(), {{"schedule", schedule}, {"period", 0}});
    Alone with;
    const auto metrics = one.Run(with.group, with.checkpoints).metrics;
    EXPECT_NEAR(metrics.at("lr_kd"), 0.01 * sum * weight, 1e-12 * weight) << schedule;
    EXPECT_EQ(metrics.at("images_seen"), std::string(GetParam()) == "fdda" ? 64 : 32);
  }
}

INSTANTIATE_TEST_SUITE_P(Methods, JointTest, testing::Values("gdfq", "qimera", "clusterq", "fdda"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace zerosweep
