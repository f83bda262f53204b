#include "engine/stages/stage_checkpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "base/files.h"
#include "contract/checkpoint_folder.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class StageCheckpointsTest : public testing::Test {
 protected:
  StageCheckpointsTest() { UseAttempt("a"); }

  void UseAttempt(const std::string& attempt) {
    run_.attempt = attempt;
    run_.stage.kind = "synthesize";
    run_.stage.name = std::string(64, '5');
    run_.checkpoints = folder_ / "stage";
    run_.checkpoint_period = 60;
  }
  StageCheckpoints Make() { return StageCheckpoints(run_, signature_, leave_, clock_, alone_); }
  // Saves as one that is asked to leave. Returns what it says.
  std::string SaveAt(int64_t step) {
    leave_.requested = true;
    try {
      Make().MaybeSave(step, [&] { return state_; });
    } catch (const Error& error) {
      leave_.requested = false;
      EXPECT_EQ(error.failure(), Failure::kInterrupted);
      return error.what();
    }
    return "it did not leave";
  }
  // What Restore prints; `restored_` is what it returns.
  std::string Restore() {
    testing::internal::CaptureStderr();
    restored_ = Make().Restore();
    return testing::internal::GetCapturedStderr();
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const fs::path& path : CheckpointsIn(run_.checkpoints)) names.push_back(path.filename());
    return names;
  }

  const TempFolder folder_;
  FakeClock clock_;
  StopRequest leave_;
  SoloGroup alone_;
  StageRun run_;
  Json signature_ = {{"cpu", "this one"}, {"threads", 1}};
  CheckpointState state_{{{"batch", 3}}, {{"x", torch::ones({2})}}};
  std::optional<CheckpointState> restored_;
};

TEST_F(StageCheckpointsTest, EveryValueAndTensorComesBackBitForBit) {
  state_.values = {
      {"third", 1.0 / 3}, {"count", int64_t{1} << 60}, {"curves", {{"loss", {1e-300}}}}};
  state_.tensors = {
      {"f64",
       torch::tensor({1.0 / 3, -0.0, std::numeric_limits<double>::denorm_min()}, torch::kFloat64)},
      {"f32", torch::tensor({0.1F, std::numeric_limits<float>::quiet_NaN()})},
      {"i64", torch::tensor({std::numeric_limits<int64_t>::max()}, torch::kInt64)},
      {"flags", torch::tensor({true, false})},
      {"transposed", torch::arange(6).reshape({2, 3}).t()},
      {"scalar", torch::tensor(7.0)},
      {"empty", torch::empty({0, 3})}};
  EXPECT_THAT(SaveAt(17), HasSubstr("saved at iteration 17"));
  EXPECT_THAT(Restore(), HasSubstr("synthesize a: resumed from iteration 17 of attempt a"));
  ASSERT_TRUE(restored_);
  EXPECT_EQ(restored_->values, state_.values);
  ASSERT_EQ(restored_->tensors.size(), state_.tensors.size());
  for (const auto& [name, tensor] : state_.tensors) {
    const torch::Tensor& back = restored_->tensors.at(name);
    ASSERT_EQ(back.dtype(), tensor.dtype()) << name;
    ASSERT_EQ(back.sizes(), tensor.sizes()) << name;
    const torch::Tensor plain = tensor.contiguous();
    EXPECT_EQ(std::memcmp(back.const_data_ptr(), plain.const_data_ptr(), plain.nbytes()), 0)
        << name;
  }
}

TEST_F(StageCheckpointsTest, TheHighestOfAnyAttemptIsUsed) {
  UseAttempt("early");
  SaveAt(900);
  UseAttempt("late");
  SaveAt(1000);
  UseAttempt("third");
  EXPECT_THAT(Restore(), HasSubstr("resumed from iteration 1000 of attempt late"));
}

TEST_F(StageCheckpointsTest, TornAndDamagedOnesArePassedOver) {
  for (const int64_t step : {1, 2}) SaveAt(step);
  UseAttempt("b");
  for (const int64_t step : {3, 4}) SaveAt(step);
  const fs::path folder = run_.checkpoints;
  fs::remove(folder / "b-4" / "manifest.json");
  std::string bytes = ReadFile(folder / "b-3" / kCheckpointTensorsFile);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  WriteFileDurably(folder / "b-3" / kCheckpointTensorsFile, bytes);
  UseAttempt("c");
  const std::string log = Restore();
  EXPECT_THAT(log, HasSubstr("warning: checkpoint b-4 is passed over"));
  EXPECT_THAT(log, HasSubstr("b-3 is passed over: 'tensors.safetensors' is missing or damaged"));
  EXPECT_FALSE(restored_) << "those of the attempt before went when b saved its second";
  EXPECT_THAT(Names(), ElementsAre("b-4", "b-3"));
}

TEST_F(StageCheckpointsTest, TheNextLowerWholeOneIsUsed) {
  for (const int64_t step : {1, 2}) SaveAt(step);
  fs::remove(fs::path(run_.checkpoints) / "a-2" / kCheckpointStateFile);
  EXPECT_THAT(Restore(), HasSubstr("resumed from iteration 1 of attempt a"));
}

TEST_F(StageCheckpointsTest, OneOfAnotherStageOrSignatureIsNotUsed) {
  SaveAt(5);
  signature_["threads"] = 2;
  EXPECT_THAT(Restore(), HasSubstr("another execution signature (threads 1, not 2)"));
  EXPECT_FALSE(restored_);
  signature_["threads"] = 1;
  run_.stage.name = std::string(64, '6');
  EXPECT_THAT(Restore(), HasSubstr("its manifest is of another stage"));
  EXPECT_FALSE(restored_);
}

TEST_F(StageCheckpointsTest, SavesOncePerPeriodAndKeepsTheLastTwo) {
  StageCheckpoints checkpoints = Make();
  int taken = 0;
  const auto offer = [&](int64_t step) {
    checkpoints.MaybeSave(step, [&] { return ++taken, state_; });
  };
  offer(1);
  EXPECT_EQ(taken, 0) << "the period counts from the start";
  for (int64_t step = 2; step < 300; ++step) {
    clock_.Advance(1);
    offer(step);
  }
  EXPECT_EQ(taken, 4);
  EXPECT_THAT(Names(), ElementsAre("a-241", "a-181"));
}

TEST_F(StageCheckpointsTest, ResumedOnesKnowWhatTheStateHasCost) {
  const auto leave_after = [this](StageCheckpoints& checkpoints, double seconds, int64_t step) {
    clock_.Advance(seconds);
    leave_.requested = true;
    EXPECT_THROW(checkpoints.MaybeSave(step, [&] { return state_; }), Error);
    leave_.requested = false;
  };
  StageCheckpoints first = Make();
  EXPECT_FALSE(first.Restore());
  EXPECT_EQ(first.earlier_seconds(), 0);
  leave_after(first, 100, 1);
  StageCheckpoints second = Make();
  EXPECT_TRUE(second.Restore());
  EXPECT_EQ(second.earlier_seconds(), 100);
  leave_after(second, 30, 2);
  StageCheckpoints third = Make();
  EXPECT_TRUE(third.Restore());
  EXPECT_EQ(third.earlier_seconds(), 130);
}

TEST_F(StageCheckpointsTest, WhatTakesLongToWriteIsWrittenSeldom) {
  StageCheckpoints checkpoints = Make();
  std::vector<double> times;
  for (int64_t step = 0; step < 1000; ++step) {
    clock_.Advance(1);
    checkpoints.MaybeSave(step, [&] {
      times.push_back(clock_.Monotonic());
      clock_.Advance(10);
      return state_;
    });
  }
  ASSERT_GE(times.size(), 3U);
  EXPECT_EQ(times[2] - times[1], 10 + 200);
}

TEST_F(StageCheckpointsTest, AFolderThatCannotBeWrittenCostsNoResult) {
  WriteFileDurably(run_.checkpoints, "a file where the folder should be");
  StageCheckpoints checkpoints = Make();
  clock_.Advance(61);
  testing::internal::CaptureStderr();
  checkpoints.MaybeSave(1, [&] { return state_; });
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("warning: no checkpoint at iteration 1"));
  EXPECT_THAT(SaveAt(2), HasSubstr("could not be saved"));
}

TEST_F(StageCheckpointsTest, WithoutAFolderNothingHappens) {
  run_.checkpoints.clear();
  EXPECT_THAT(SaveAt(1), HasSubstr("did not leave"));
  EXPECT_FALSE(leave_.can_save) << "the signal must end such a stage by itself";
  EXPECT_THAT(Restore(), IsEmpty());
}

}  // namespace
}  // namespace zerosweep
