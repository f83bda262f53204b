#include "cluster/coordinator/run_eta.h"

#include <gtest/gtest.h>

#include "tests/support/fake_plan.h"

namespace zerosweep {
namespace {

// Two syntheses (0, 1), and a quantization (2, 3) of each; every stage predicted to take 10 s.
class RunEtaTest : public testing::Test {
 protected:
  static Plan MakePlan() {
    Plan plan = FakePlan(Json::parse(R"([{"name": "s0"}, {"name": "s1"},
        {"name": "q0", "inputs": ["s0"]}, {"name": "q1", "inputs": ["s1"]}])"));
    for (size_t i = 0; i < 4; ++i)
      Redesign(plan, i, [&](StageDesign& design) { design.kind = i < 2 ? "s" : "q"; });
    return plan;
  }

  void Finish(size_t stage, double seconds) {
    scheduler_.BeginCommit(stage);
    scheduler_.Committed(stage, "digest");
    eta_.Finished(stage, seconds);
  }

  Plan plan_ = MakePlan();
  Scheduler scheduler_{plan_.stages, std::vector<StageStatus>(4), std::vector<double>(4, 10)};
  RunEta eta_{plan_.stages, scheduler_};
};

TEST_F(RunEtaTest, NothingIsKnownBeforeAnyStageHasTold) {
  EXPECT_FALSE(eta_.Seconds({}, 1).has_value());
  EXPECT_FALSE(eta_.Seconds({{.stage = 0, .seconds = 3, .share = 0}}, 1).has_value());
}

TEST_F(RunEtaTest, ARunningStageTellsForItsKindAndForTheOthers) {
  ASSERT_EQ(TakeAnywhere(scheduler_), size_t{0});
  // A quarter after 5 s: 20 s in all, so that everything takes twice its prediction: 15 s of this
  // one, 20 s each for three others.
  EXPECT_DOUBLE_EQ(eta_.Seconds({{.stage = 0, .seconds = 5, .share = 0.25}}, 1).value(), 75);
  EXPECT_DOUBLE_EQ(eta_.Seconds({{.stage = 0, .seconds = 5, .share = 0.25}}, 3).value(), 25);
}

TEST_F(RunEtaTest, KindsAreScaledApart) {
  TakeAnywhere(scheduler_);
  Finish(0, 100);  // a synthesis takes ten times its prediction
  ASSERT_TRUE(TakeAnywhere(scheduler_));
  ASSERT_TRUE(TakeAnywhere(scheduler_));
  Finish(2, 1);  // a quantization a tenth
  EXPECT_DOUBLE_EQ(eta_.Seconds({}, 1).value(), 101);
}

TEST_F(RunEtaTest, AKindThatHasNotToldIsScaledWithCare) {
  TakeAnywhere(scheduler_);
  Finish(0, 100);  // ten times its prediction
  EXPECT_DOUBLE_EQ(eta_.Seconds({}, 1).value(), 100 + 2 * 3 * 10);
}

TEST_F(RunEtaTest, NotSoonerThanTheLongestRunningStage) {
  ASSERT_EQ(TakeAnywhere(scheduler_), size_t{0});
  EXPECT_DOUBLE_EQ(eta_.Seconds({{.stage = 0, .seconds = 10, .share = 0.1}}, 100).value(), 90);
}

}  // namespace
}  // namespace zerosweep
