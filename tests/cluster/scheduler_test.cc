#include "cluster/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <queue>
#include <random>

#include "base/error.h"
#include "tests/support/fake_plan.h"

namespace zerosweep {
namespace {

using Phase = Scheduler::Phase;

double SleepSeconds(const StageRow& stage) {
  return stage.spec.params.value("sleep_ms", 1000.0) / 1000;
}

Scheduler MakeScheduler(const Plan& plan, SchedulerOptions options = {}) {
  return {plan.stages, std::vector<StageStatus>(plan.stages.size()), SleepSeconds, options};
}

StageFailed Failure(const std::string& failure, ErrorKind kind = ErrorKind::kTrial) {
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
  const auto stage = scheduler.TakeNext();
  ASSERT_EQ(stage, expected);
  scheduler.BeginCommit(*stage);
  scheduler.Committed(*stage, "digest");
}

TEST(SchedulerTest, CancelDuringACommitLeavesTheResultToTheRetry) {
  const Plan plan = FakePlan(Json::parse(R"([{"name": "s"}, {"name": "q", "inputs": ["s"]}])"));
  Scheduler scheduler = MakeScheduler(plan);
  ASSERT_EQ(scheduler.TakeNext(), size_t{0});
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
  ASSERT_EQ(scheduler.TakeNext(), size_t{0});
  scheduler.BeginCommit(0);
  scheduler.Cancel(0);
  EXPECT_TRUE(scheduler.Failed(0, Failure("publish", ErrorKind::kStorage)));
  EXPECT_EQ(scheduler.phase(0), Phase::kCancelled);
  EXPECT_TRUE(scheduler.Finished());
}

TEST(SchedulerTest, UsersBecomeReadyOnlyWhenEveryInputIsCommitted) {
  const Plan plan = Diamond();
  Scheduler scheduler = MakeScheduler(plan);
  ASSERT_EQ(scheduler.TakeNext(), size_t{kT});  // the longest chain hangs on it
  ASSERT_EQ(scheduler.TakeNext(), size_t{kX});
  EXPECT_EQ(scheduler.TakeNext(), std::nullopt);
  scheduler.BeginCommit(kT);
  EXPECT_EQ(scheduler.TakeNext(), std::nullopt);  // done, but not yet committed
  scheduler.Committed(kT, "digest");
  RunNext(scheduler, kS);
  EXPECT_EQ(scheduler.TakeNext(), size_t{kQ1});
  EXPECT_EQ(scheduler.TakeNext(), size_t{kQ2});
  EXPECT_EQ(scheduler.TakeNext(), std::nullopt);
  EXPECT_FALSE(scheduler.Finished());
}

TEST(SchedulerTest, DoneStagesOfEarlierRunsAreNotRunAgain) {
  const Plan plan = Diamond();
  std::vector<StageStatus> statuses(plan.stages.size());
  for (const size_t done : {kT, kS, kQ1, kE1, kX}) statuses[done] = {State::kDone, "digest", 1, ""};
  Scheduler scheduler(plan.stages, statuses, SleepSeconds);
  EXPECT_FALSE(scheduler.NothingToDo());
  RunNext(scheduler, kQ2);
  RunNext(scheduler, kE2);
  EXPECT_TRUE(scheduler.Finished());
}

TEST(SchedulerTest, NothingToDoWhenAllIsDoneOrHasFailed) {
  const Plan plan = Diamond();
  std::vector<StageStatus> statuses(plan.stages.size(), {State::kDone, "digest", 1, ""});
  EXPECT_TRUE(Scheduler(plan.stages, statuses, SleepSeconds).NothingToDo());
  statuses[kQ2] = {State::kFailed, "", 3, "broken"};
  statuses[kE2] = {State::kOpen, "", 0, ""};
  const Scheduler scheduler(plan.stages, statuses, SleepSeconds);
  EXPECT_TRUE(scheduler.NothingToDo());
  EXPECT_EQ(scheduler.phase(kE2), Phase::kFailed);
  EXPECT_EQ(scheduler.error(kE2), "broken");
}

TEST(SchedulerTest, CrashesAreTriedAgainUpToTheLimit) {
  const Plan plan = Diamond();
  Scheduler scheduler = MakeScheduler(plan, {.max_attempts = 3});
  for (int attempt = 1; attempt <= 3; ++attempt) {
    ASSERT_EQ(scheduler.TakeNext(), size_t{kT});
    EXPECT_EQ(scheduler.AttemptNumber(kT), attempt);
    EXPECT_EQ(scheduler.Failed(kT, Failure("crash")), attempt == 3);
  }
  for (const size_t stage : {kT, kS, kQ1, kQ2, kE1, kE2})
    EXPECT_EQ(scheduler.phase(stage), Phase::kFailed);
  RunNext(scheduler, kX);
  EXPECT_TRUE(scheduler.Finished());
}

TEST(SchedulerTest, TheClassOfAFailureDecidesHowOftenItIsTried) {
  for (const char* failure : {"crash", "oom", "timeout", "lost_worker", "publish"})
    EXPECT_EQ(AllowedAttempts(Failure(failure), 3), 3) << failure;
  for (const char* failure : {"error", "non_finite"})
    EXPECT_EQ(AllowedAttempts(Failure(failure), 3), 2) << failure;
  for (const char* failure : {"configuration", "data"})
    EXPECT_EQ(AllowedAttempts(Failure(failure), 3), 1) << failure;
  EXPECT_EQ(AllowedAttempts(Failure("error", ErrorKind::kUsage), 3), 1);
  EXPECT_EQ(AllowedAttempts(Failure("error"), 1), 1);
}

TEST(SchedulerTest, AnInterruptedStageIsReadyAgainAndCostsNoTry) {
  const Plan plan = Diamond();
  Scheduler scheduler = MakeScheduler(plan, {.max_attempts = 1});
  ASSERT_EQ(scheduler.TakeNext(), size_t{kT});
  scheduler.PutBack(kT);
  ASSERT_EQ(scheduler.TakeNext(), size_t{kT});
  EXPECT_TRUE(scheduler.Failed(kT, Failure("crash")));
}

TEST(SchedulerTest, AStageThatSomebodyKeepsEndingFailsAtLast) {
  const Plan plan = Diamond();
  Scheduler scheduler = MakeScheduler(plan, {.max_attempts = 1});
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(scheduler.TakeNext(), size_t{kT});
    ASSERT_FALSE(scheduler.Failed(kT, Failure("interrupted"))) << i;
  }
  ASSERT_EQ(scheduler.TakeNext(), size_t{kT});
  EXPECT_TRUE(scheduler.Failed(kT, Failure("interrupted")));
}

TEST(SchedulerTest, CancellingAStageCancelsWhatNeedsIt) {
  const Plan plan = Diamond();
  Scheduler scheduler = MakeScheduler(plan);
  RunNext(scheduler, kT);
  RunNext(scheduler, kS);
  ASSERT_EQ(scheduler.TakeNext(), size_t{kQ1});
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
  ASSERT_EQ(scheduler.TakeNext(), size_t{kT});
  ASSERT_TRUE(scheduler.Failed(kT, Failure("crash")));
  for (const size_t stage : {kT, kS, kQ1, kQ2, kE1, kE2}) scheduler.Reopen(stage);
  for (const size_t stage : {kT, kS, kQ1, kQ2, kE1, kE2, kX}) RunNext(scheduler, stage);
  EXPECT_TRUE(scheduler.Finished());
}

TEST(SchedulerTest, AnInputOutsideThePlanIsABug) {
  Plan plan = Diamond();
  plan.stages[kS].spec.inputs["t"] = "unknown";
  try {
    MakeScheduler(plan);
    FAIL() << "not noticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInternal);
  }
}

// --- Makespan on a fake clock ------------------------------------------------------------------

struct Load {
  Plan plan;
  std::vector<double> seconds;  // true durations, by stage
  double total = 0;
  double longest_chain = 0;
};

// Chains of three stages with lognormal durations; one chain is almost half of a slot's mean load.
Load MakeLoad(int chains, int slots, std::mt19937& random) {
  std::lognormal_distribution<double> duration(0, 1);
  Load load;
  Json stages = Json::array();
  for (int c = 0; c < chains; ++c) {
    for (int i = 0; i < 3; ++i) {
      const std::string name = fmt::format("{}-{}", c, i);
      Json stage = {{"name", name}, {"params", Json::object()}};
      if (i > 0) stage["inputs"] = {fmt::format("{}-{}", c, i - 1)};
      stages.push_back(stage);
      load.seconds.push_back(duration(random));
    }
  }
  const double mean_load = std::accumulate(load.seconds.begin(), load.seconds.end(), 0.0) / slots;
  for (size_t i = load.seconds.size() - 3; i < load.seconds.size(); ++i)
    load.seconds[i] = 0.48 * mean_load / 3;
  load.total = std::accumulate(load.seconds.begin(), load.seconds.end(), 0.0);
  for (size_t i = 0; i < load.seconds.size(); i += 3) {
    load.longest_chain =
        std::max(load.longest_chain, load.seconds[i] + load.seconds[i + 1] + load.seconds[i + 2]);
  }
  load.plan = FakePlan(stages);
  return load;
}

// Event-driven: the time at which the last of the slots is done.
double Makespan(const Load& load, int slots, const std::vector<double>& predicted) {
  size_t asked = 0;
  Scheduler scheduler(load.plan.stages, std::vector<StageStatus>(load.seconds.size()),
                      [&](const StageRow&) { return predicted[asked++]; });
  using End = std::pair<double, size_t>;
  std::priority_queue<End, std::vector<End>, std::greater<>> running;
  double now = 0;
  while (!scheduler.Finished()) {
    while (running.size() < static_cast<size_t>(slots)) {
      const auto stage = scheduler.TakeNext();
      if (!stage) break;
      running.emplace(now + load.seconds[*stage], *stage);
    }
    now = running.top().first;
    scheduler.Committed(running.top().second, "digest");
    running.pop();
  }
  return now;
}

TEST(SchedulerTest, MakespanIsNearItsBoundWithUncertainCostsAndShortestFirstIsNot) {
  constexpr int kSlots = 8, kChains = 60, kRounds = 20;
  std::mt19937 random(1);
  std::normal_distribution<double> error(0, 0.5);  // of the logarithm of a prediction
  double worst = 0, worst_shortest_first = 0;
  for (int round = 0; round < kRounds; ++round) {
    const Load load = MakeLoad(kChains, kSlots, random);
    const double bound = std::max(load.total / kSlots, load.longest_chain);
    std::vector<double> predicted, reversed;
    for (const double seconds : load.seconds) {
      predicted.push_back(seconds * std::exp(error(random)));
      reversed.push_back(-seconds);
    }
    worst = std::max(worst, Makespan(load, kSlots, predicted) / bound);
    worst_shortest_first = std::max(worst_shortest_first, Makespan(load, kSlots, reversed) / bound);
  }
  EXPECT_LE(worst, 1.10);
  EXPECT_GT(worst_shortest_first, 1.10);  // the same limit can fail
}

}  // namespace
}  // namespace zerosweep
