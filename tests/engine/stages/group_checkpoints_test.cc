// Checkpoints of a group: all ranks leave at one step and go on from one state.
#include <gtest/gtest.h>

#include "contract/checkpoint_folder.h"
#include "engine/stages/stage_checkpoints.h"
#include "tests/support/engine/group_of_threads.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;

class GroupCheckpointsTest : public testing::Test {
 protected:
  // A rank that looks for checkpoints in `folder`.
  struct Rank {
    Rank(Group& group, const fs::path& folder, const std::string& attempt,
         const std::string& machine = "x") {
      run.attempt = attempt;
      run.stage.kind = "quantize";
      run.stage.name = std::string(64, '5');
      run.checkpoints = folder;
      run.checkpoint_period = 1e9;
      checkpoints =
          std::make_unique<StageCheckpoints>(run, Json{{"cpu", machine}}, leave, clock, group);
    }
    StageRun run;
    StopRequest leave;
    FakeClock clock;
    std::unique_ptr<StageCheckpoints> checkpoints;
  };
  static CheckpointState State(int step) {
    return {{{"step", step}}, {{"w", torch::full({3}, step)}}};
  }
  // Steps 1, 2, …; rank 1 is asked to leave at `step`.
  void SaveAt(int step, const std::string& attempt) {
    RunRanks(2, [&](Group& group) {
      Rank rank(group, folder_ / "stage", attempt);
      rank.checkpoints->Restore();
      try {
        for (int i = 1; i < 10; ++i) {
          rank.leave.requested = i == step && group.rank() == 1;
          rank.checkpoints->MaybeSave(i, [&] { return State(i); });
        }
        ADD_FAILURE() << "rank " << group.rank() << " did not leave";
      } catch (const Error& error) {
        EXPECT_EQ(error.failure(), Failure::kInterrupted) << error.what();
      }
    });
  }
  // The step that both ranks go on from; 0: none; −1: they differ.
  int Restored(const fs::path& of_rank_one, const std::string& machine_of_rank_one = "x") {
    std::vector<int> steps(2);
    RunRanks(2, [&](Group& group) {
      const bool first = group.rank() == 0;
      Rank rank(group, first ? folder_ / "stage" : of_rank_one, "later",
                first ? "x" : machine_of_rank_one);
      const auto state = rank.checkpoints->Restore();
      steps[static_cast<size_t>(group.rank())] = state ? state->values.at("step").get<int>() : 0;
      if (state) {
        EXPECT_EQ(state->tensors.at("w")[0].item<int>(), state->values.at("step"));
      }
    });
    return steps[0] == steps[1] ? steps[0] : -1;
  }

  const TempFolder folder_;
};

TEST_F(GroupCheckpointsTest, OneThatMustLeaveTakesTheOthersAlongAndRankZeroSaves) {
  SaveAt(4, "a");
  EXPECT_EQ(CheckpointsIn(folder_ / "stage").size(), 1u);
  EXPECT_EQ(Restored(folder_ / "stage"), 4);
}

TEST_F(GroupCheckpointsTest, WhatOneRankCannotReadNobodyUses) {
  SaveAt(4, "a");
  fs::copy(folder_ / "stage", folder_ / "older", fs::copy_options::recursive);
  SaveAt(6, "b");
  EXPECT_EQ(Restored(folder_ / "stage"), 6);
  EXPECT_EQ(Restored(folder_ / "older"), 4);
  EXPECT_EQ(Restored(folder_ / "nothing"), 0);
}

TEST_F(GroupCheckpointsTest, AnotherMachineOfAnyRankStartsAnew) {
  SaveAt(4, "a");
  EXPECT_EQ(Restored(folder_ / "stage", "y"), 0);
}

}  // namespace
}  // namespace zerosweep
