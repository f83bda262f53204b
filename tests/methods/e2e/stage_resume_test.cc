// Stages that are cut off and taken up again: the artifact is that of one that never was.
#include "tests/support/program.h"
#include "tests/support/stage_program_fixture.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;

class StageResumeTest : public StageProgramFixture {
 protected:
  void SetUp() override {
    StageProgramFixture::SetUp();
    Succeeds("teacher", TeacherParams(), {}, "teacher");
    whole_ = Succeeds("synthesize", params_, inputs_, "whole").artifact;
    checkpoint_period_ = 3600;
  }

  void BeginSynthesis(const std::string& attempt) {
    Begin("synthesize", params_, inputs_, attempt);
  }
  StageDone Synthesize(const std::string& attempt) {
    return Succeeds("synthesize", params_, inputs_, attempt);
  }
  std::string Log() const { return ReadFile(temp_ / "log"); }
  // Of the synthesis, by name.
  std::vector<std::string> Saved() const {
    std::vector<std::string> names;
    std::error_code code;
    const StageSpec stage{"", "synthesize", 1, params_, inputs_};
    for (const auto& entry : fs::directory_iterator(Checkpoints(stage.ComputeName()), code)) {
      const std::string name = entry.path().filename();
      if (name.front() != '.') names.push_back(name);
    }
    return names;
  }

  // Two batches of 20 iterations.
  const Json params_ = {
      {"name", "zeroq"}, {"images", 3}, {"batch", 2}, {"iterations", 20}, {"seed", 3}};
  const std::map<std::string, std::string> inputs_ = {{"teacher", "teacher"}};
  std::string whole_;  // digest of the artifact of an uninterrupted synthesis
};

TEST_F(StageResumeTest, AskedToLeaveItSavesAndTheNextAttemptGoesOn) {
  BeginSynthesis("first");
  ASSERT_TRUE(std::holds_alternative<StageProgress>(Next()));  // it is at work
  kill(child_->pid(), SIGTERM);
  const auto failed = std::get<StageFailed>(End());
  EXPECT_EQ(failed.failure, Failure::kInterrupted);
  EXPECT_NE(failed.message.find("saved at iteration "), std::string::npos) << failed.message;
  EXPECT_FALSE(fs::exists(temp_ / "first"));
  EXPECT_TRUE(WaitUntil([&] { return child_->Ended() == "exit 75"; }, 10));
  ASSERT_EQ(Saved().size(), 1U);
  EXPECT_TRUE(Saved()[0].starts_with("first-")) << Saved()[0];

  Start();
  EXPECT_EQ(Synthesize("second").artifact, whole_);
  const std::string iteration = Saved()[0].substr(Saved()[0].rfind('-') + 1);
  EXPECT_NE(Log().find("resumed from iteration " + iteration), std::string::npos) << Log();
}

TEST_F(StageResumeTest, KilledAfterACheckpointTheNextAttemptGoesOn) {
  checkpoint_period_ = 1e-3;
  BeginSynthesis("first");
  ASSERT_TRUE(WaitUntil([&] { return !Saved().empty(); }, 20)) << Log();
  kill(child_->pid(), SIGKILL);
  ASSERT_TRUE(WaitUntil([&] { return child_->Ended().has_value(); }, 10));
  ASSERT_FALSE(fs::exists(temp_ / "first" / kManifestFile)) << "it was killed before its end";
  checkpoint_period_ = 3600;
  Start();
  EXPECT_EQ(Synthesize("second").artifact, whole_);
  EXPECT_NE(Log().find("resumed from iteration "), std::string::npos) << Log();
}

TEST_F(StageResumeTest, ACheckpointOfOtherThreadsIsNotUsed) {
  BeginSynthesis("first");
  ASSERT_TRUE(std::holds_alternative<StageProgress>(Next()));
  kill(child_->pid(), SIGTERM);
  ASSERT_EQ(std::get<StageFailed>(End()).failure, Failure::kInterrupted);
  Start();
  threads_ = 2;
  BeginSynthesis("second");
  ASSERT_TRUE(std::holds_alternative<StageProgress>(Next()));  // from its start
  EXPECT_NE(Log().find("another execution signature (threads 1, not 2)"), std::string::npos)
      << Log();
  EXPECT_EQ(Log().find("resumed from"), std::string::npos) << Log();
}

TEST_F(StageResumeTest, AStageThatSavesNothingLeavesAtOnce) {
  checkpoint_period_ = 0;
  BeginSynthesis("first");
  ASSERT_TRUE(std::holds_alternative<StageProgress>(Next()));
  kill(child_->pid(), SIGTERM);
  EXPECT_TRUE(WaitUntil([&] { return child_->Ended() == "exit 75"; }, 10));
}

}  // namespace
}  // namespace zerosweep
