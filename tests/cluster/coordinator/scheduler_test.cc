#include "cluster/coordinator/scheduler.h"

#include <gtest/gtest.h>

#include <map>

#include "base/error.h"
#include "tests/support/fake_plan.h"

namespace zerosweep {
namespace {

using Phase = Scheduler::Phase;

// What each stage of a plan sleeps.
std::vector<double> SleepSeconds(const Plan& plan) {
  std::vector<double> seconds;
  for (const StageRow& stage : plan.stages)
    seconds.push_back(stage.design->params.value("sleep_ms", 1000.0) / 1000);
  return seconds;
}

Scheduler MakeScheduler(const Plan& plan, SchedulerOptions options = {}) {
  return {plan.stages, std::vector<StageStatus>(plan.stages.size()), SleepSeconds(plan), options};
}

StageFailed By(Failure failure, ErrorKind kind = ErrorKind::kTrial) {
  return {"attempt", kind, failure, "because"};
}

// t → s → (q1 → e1, q2 → e2), and an independent x.
Plan Diamond() {
  return FakePlan(Json::parse(R"([{"name": "t"}, {"name": "s", "inputs": ["t"]},
    {"name": "q1", "inputs": ["s", "t"]}, {"name": "q2", "inputs": ["s", "t"]},
    {"name": "e1", "inputs": ["q1"]}, {"name": "e2", "inputs": ["q2"]}, {"name": "x"}])"));
}
enum { kT, kS, kQ1, kQ2, kE1, kE2, kX };

// Takes the expected stage and commits it.
void RunNext(Scheduler& scheduler, size_t expected) {
  const auto stage = TakeAnywhere(scheduler);
  ASSERT_EQ(stage, expected);
  scheduler.BeginCommit(*stage);
  scheduler.Committed(*stage, "digest");
}

TEST(SchedulerTest, CancelDuringACommitLeavesTheResultToTheRetry) {
  const Plan plan = FakePlan(Json::parse(R"([{"name": "s"}, {"name": "q", "inputs": ["s"]}])"));
  Scheduler scheduler = MakeScheduler(plan);
  ASSERT_EQ(TakeAnywhere(scheduler), size_t{0});
  scheduler.BeginCommit(0);
  scheduler.Cancel(0);
  scheduler.Committed(0, "digest");
  EXPECT_EQ(scheduler.phase(0), Phase::kDone);
  EXPECT_EQ(scheduler.phase(1), Phase::kCancelled);
  EXPECT_TRUE(scheduler.Finished());
  scheduler.Reopen(1);
  RunNext(scheduler, 1);
  EXPECT_TRUE(scheduler.Finished());
}

TEST(SchedulerTest, CancelDuringACommitThatFailsIsNotTriedAgain) {
  const Plan plan = FakePlan(Json::parse(R"([{"name": "s"}])"));
  Scheduler scheduler = MakeScheduler(plan);
  ASSERT_EQ(TakeAnywhere(scheduler), size_t{0});
  scheduler.BeginCommit(0);
  scheduler.Cancel(0);
  EXPECT_TRUE(scheduler.Failed(0, By(Failure::kPublish, ErrorKind::kStorage), 0));
  EXPECT_EQ(scheduler.phase(0), Phase::kCancelled);
  EXPECT_TRUE(scheduler.Finished());
}

TEST(SchedulerTest, UsersBecomeReadyOnlyWhenEveryInputIsCommitted) {
  const Plan plan = Diamond();
  Scheduler scheduler = MakeScheduler(plan);
  ASSERT_EQ(TakeAnywhere(scheduler), size_t{kT});  // the longest chain hangs on it
  ASSERT_EQ(TakeAnywhere(scheduler), size_t{kX});
  EXPECT_EQ(TakeAnywhere(scheduler), std::nullopt);
  scheduler.BeginCommit(kT);
  EXPECT_EQ(TakeAnywhere(scheduler), std::nullopt);  // done, but not yet committed
  scheduler.Committed(kT, "digest");
  RunNext(scheduler, kS);
  EXPECT_EQ(TakeAnywhere(scheduler), size_t{kQ1});
  EXPECT_EQ(TakeAnywhere(scheduler), size_t{kQ2});
  EXPECT_EQ(TakeAnywhere(scheduler), std::nullopt);
  EXPECT_FALSE(scheduler.Finished());
}

TEST(SchedulerTest, DoneStagesOfEarlierRunsAreNotRunAgain) {
  const Plan plan = Diamond();
  std::vector<StageStatus> statuses(plan.stages.size());
  for (const size_t done : {kT, kS, kQ1, kE1, kX}) statuses[done] = {State::kDone, "digest", 1, ""};
  Scheduler scheduler(plan.stages, statuses, SleepSeconds(plan));
  EXPECT_FALSE(scheduler.NothingToDo());
  RunNext(scheduler, kQ2);
  RunNext(scheduler, kE2);
  EXPECT_TRUE(scheduler.Finished());
}

TEST(SchedulerTest, NothingToDoWhenAllIsDoneOrHasFailed) {
  const Plan plan = Diamond();
  std::vector<StageStatus> statuses(plan.stages.size(), {State::kDone, "digest", 1, ""});
  EXPECT_TRUE(Scheduler(plan.stages, statuses, SleepSeconds(plan)).NothingToDo());
  statuses[kQ2] = {State::kFailed, "", 3, "broken"};
  statuses[kE2] = {State::kOpen, "", 0, ""};
  const Scheduler scheduler(plan.stages, statuses, SleepSeconds(plan));
  EXPECT_TRUE(scheduler.NothingToDo());
  EXPECT_EQ(scheduler.phase(kE2), Phase::kFailed);
  EXPECT_EQ(scheduler.error(kE2), "broken");
}

TEST(SchedulerTest, CrashesAreTriedAgainUpToTheLimit) {
  const Plan plan = Diamond();
  Scheduler scheduler = MakeScheduler(plan, {.max_attempts = 3});
  for (int attempt = 1; attempt <= 3; ++attempt) {
    ASSERT_EQ(TakeAnywhere(scheduler), size_t{kT});
    EXPECT_EQ(scheduler.AttemptNumber(kT), attempt);
    EXPECT_EQ(scheduler.Failed(kT, By(Failure::kCrash), 0), attempt == 3);
  }
  for (const size_t stage : {kT, kS, kQ1, kQ2, kE1, kE2})
    EXPECT_EQ(scheduler.phase(stage), Phase::kFailed);
  RunNext(scheduler, kX);
  EXPECT_TRUE(scheduler.Finished());
}

TEST(SchedulerTest, TheClassOfAFailureDecidesHowOftenItIsTried) {
  for (const Failure failure : {Failure::kCrash, Failure::kOutOfMemory, Failure::kTimeout,
                                Failure::kLostWorker, Failure::kPublish})
    EXPECT_EQ(AllowedAttempts(By(failure), 3), 3) << ToString(failure);
  for (const Failure failure : {Failure::kError, Failure::kNonFinite})
    EXPECT_EQ(AllowedAttempts(By(failure), 3), 2) << ToString(failure);
  for (const Failure failure : {Failure::kConfiguration, Failure::kData})
    EXPECT_EQ(AllowedAttempts(By(failure), 3), 1) << ToString(failure);
  EXPECT_EQ(AllowedAttempts(By(Failure::kError, ErrorKind::kUsage), 3), 1);
  EXPECT_EQ(AllowedAttempts(By(Failure::kError), 1), 1);
}

TEST(SchedulerTest, AnInterruptedStageIsReadyAgainAndCostsNoTry) {
  const Plan plan = Diamond();
  Scheduler scheduler = MakeScheduler(plan, {.max_attempts = 1});
  ASSERT_EQ(TakeAnywhere(scheduler), size_t{kT});
  scheduler.PutBack(kT);
  ASSERT_EQ(TakeAnywhere(scheduler), size_t{kT});
  EXPECT_TRUE(scheduler.Failed(kT, By(Failure::kCrash), 0));
}

TEST(SchedulerTest, AStageThatSomebodyKeepsEndingFailsAtLast) {
  const Plan plan = Diamond();
  Scheduler scheduler = MakeScheduler(plan, {.max_attempts = 1});
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(TakeAnywhere(scheduler), size_t{kT});
    ASSERT_FALSE(scheduler.Failed(kT, By(Failure::kInterrupted), 0)) << i;
  }
  ASSERT_EQ(TakeAnywhere(scheduler), size_t{kT});
  EXPECT_TRUE(scheduler.Failed(kT, By(Failure::kInterrupted), 0));
}

TEST(SchedulerTest, CancellingAStageCancelsWhatNeedsIt) {
  const Plan plan = Diamond();
  Scheduler scheduler = MakeScheduler(plan);
  RunNext(scheduler, kT);
  RunNext(scheduler, kS);
  ASSERT_EQ(TakeAnywhere(scheduler), size_t{kQ1});
  scheduler.Cancel(kQ1);
  EXPECT_EQ(scheduler.phase(kE1), Phase::kCancelled);
  scheduler.Committed(kQ1, "late");  // its process was faster than the kill
  EXPECT_EQ(scheduler.phase(kQ1), Phase::kCancelled);
  RunNext(scheduler, kQ2);
  RunNext(scheduler, kE2);
  RunNext(scheduler, kX);
  EXPECT_TRUE(scheduler.Finished());
}

TEST(SchedulerTest, ReopenedStagesRunAgain) {
  const Plan plan = Diamond();
  Scheduler scheduler = MakeScheduler(plan, {.max_attempts = 1});
  ASSERT_EQ(TakeAnywhere(scheduler), size_t{kT});
  ASSERT_TRUE(scheduler.Failed(kT, By(Failure::kCrash), 0));
  for (const size_t stage : {kT, kS, kQ1, kQ2, kE1, kE2}) scheduler.Reopen(stage);
  for (const size_t stage : {kT, kS, kQ1, kQ2, kE1, kE2, kX}) RunNext(scheduler, stage);
  EXPECT_TRUE(scheduler.Finished());
}

TEST(SchedulerTest, RetriesWaitLongerEachTime) {
  const Plan plan = FakePlan(Json::parse(R"([{"name": "s"}, {"name": "x"}])"));
  Scheduler scheduler = MakeScheduler(plan, {.max_attempts = 4});
  Placement placement = EndlessRoom();
  ASSERT_EQ(scheduler.TakeNext(0, placement)->stage, 0U);
  ASSERT_FALSE(scheduler.Failed(0, By(Failure::kCrash), 10));
  EXPECT_EQ(scheduler.NextWake(), 11);
  EXPECT_EQ(scheduler.TakeNext(10.5, placement)->stage, 1U);  // others need not wait
  EXPECT_FALSE(scheduler.TakeNext(10.9, placement).has_value());
  ASSERT_EQ(scheduler.TakeNext(11, placement)->stage, 0U);
  ASSERT_FALSE(scheduler.Failed(0, By(Failure::kCrash), 20));
  EXPECT_EQ(scheduler.NextWake(), 24);
  scheduler.Cancel(0);
  EXPECT_FALSE(scheduler.TakeNext(30, placement).has_value());
  EXPECT_EQ(BackOff(Failure::kLostWorker, 2), 0);
  EXPECT_GT(BackOff(Failure::kOutOfMemory, 1), BackOff(Failure::kCrash, 1));
  EXPECT_EQ(BackOff(Failure::kOutOfMemory, 20), 300);
}

TEST(SchedulerTest, WhatCannotEndBeforeTheDeadlineWaitsForTheNextRun) {
  const Plan plan = FakePlan(Json::parse(R"([{"name": "long", "params": {"sleep_ms": 50000}},
    {"name": "short", "params": {"sleep_ms": 10000}}, {"name": "after", "inputs": ["long"]}])"));
  Placement placement = EndlessRoom();
  Scheduler scheduler = MakeScheduler(plan, {.deadline = 100, .allocation = 3600});
  ASSERT_EQ(scheduler.TakeNext(50, placement)->stage, 1U);  // 50 s + 1.2 · 50 s is too much
  EXPECT_FALSE(scheduler.TakeNext(50, placement).has_value());
  EXPECT_FALSE(scheduler.OnlyHeldBack());  // one runs
  scheduler.BeginCommit(1);
  scheduler.Committed(1, "digest");
  EXPECT_TRUE(scheduler.OnlyHeldBack());
  EXPECT_FALSE(scheduler.Finished());
  scheduler.Cancel(0);
  EXPECT_TRUE(scheduler.Finished());
}

TEST(SchedulerTest, WhatNoAllocationCouldHoldStartsAndSavesAtTheEnd) {
  const Plan plan = FakePlan(Json::parse(R"([{"name": "long", "params": {"sleep_ms": 50000}}])"));
  Placement placement = EndlessRoom();
  Scheduler scheduler = MakeScheduler(plan, {.deadline = 100, .allocation = 40});
  EXPECT_TRUE(scheduler.TakeNext(90, placement).has_value());
}

TEST(SchedulerTest, AGuessHoldsNothingBack) {
  const Plan plan = FakePlan(Json::parse(R"([{"name": "guessed", "params": {"sleep_ms": 50000}},
    {"name": "known", "params": {"sleep_ms": 50000}}])"));
  Placement placement = EndlessRoom();
  Scheduler scheduler =
      MakeScheduler(plan, {.deadline = 100, .allocation = 3600, .guessed = {true, false}});
  ASSERT_EQ(scheduler.TakeNext(90, placement)->stage, 0U);
  EXPECT_FALSE(scheduler.TakeNext(90, placement).has_value());
}

TEST(SchedulerTest, AStageGoesToTheNodeThatMadeItsInput) {
  const Plan plan = FakePlan(Json::parse(R"([{"name": "a"}, {"name": "b"},
    {"name": "of a", "inputs": ["a"]}, {"name": "of b", "inputs": ["b"]}])"));
  Scheduler scheduler = MakeScheduler(plan);
  Placement placement;
  placement.AddNode(0, {.slots = 1});
  placement.AddNode(1, {.slots = 1});
  std::map<size_t, int> node;
  std::vector<Scheduler::Start> running;
  for (int i = 0; i < 2; ++i) running.push_back(*scheduler.TakeNext(0, placement));
  for (const Scheduler::Start& start : running) {
    node[start.stage] = start.seats[0].node;
    placement.Release(start.seats);
    scheduler.Committed(start.stage, "digest");
  }
  for (int i = 0; i < 2; ++i) {
    const auto start = *scheduler.TakeNext(1, placement);
    EXPECT_EQ(start.seats[0].node, node.at(start.stage - 2));
  }
}

TEST(SchedulerTest, AStageThatNoNodeCouldTakeIsFound) {
  Plan plan = FakePlan(Json::parse(R"([{"name": "s"}])"));
  Redesign(plan, 0, [](StageDesign& design) { design.needs.memory = 64e9; });
  Scheduler scheduler = MakeScheduler(plan);
  Placement placement;
  placement.AddNode(0, {.slots = 4, .cores = 4, .memory = 16e9});
  EXPECT_FALSE(scheduler.TakeNext(0, placement).has_value());
  EXPECT_EQ(scheduler.FindUnplaceable(placement), 0U);
  placement.AddNode(1, {.slots = 4, .cores = 4, .memory = 128e9});
  EXPECT_EQ(scheduler.FindUnplaceable(placement), std::nullopt);
  EXPECT_TRUE(scheduler.TakeNext(0, placement).has_value());
}

}  // namespace
}  // namespace zerosweep
