#include "cluster/worker/supervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/files.h"
#include "contract/artifact.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_plan.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

using testing::HasSubstr;

class SupervisorTest : public testing::Test {
 protected:
  SupervisorTest() {
    home_.Create();
    options_ = FakeSession(home_, 1).worker.stage;
  }
  ~SupervisorTest() override {
    unsetenv("ZEROSWEEP_FAULT_DIGEST");
    unsetenv("ZEROSWEEP_FAULT_START");
  }

  StageRun MakeRun(const Json& params) {
    StageRun run;
    run.attempt = NewUuid();
    run.stage = SpecOf(FakeStage({{"name", run.attempt}, {"params", params}}, {}, {}), {});
    run.staging = home_.staging(run.attempt);
    return run;
  }

  // The supervisor's events up to the end of the attempt.
  std::vector<StageEvent> Finish(Supervisor& supervisor, double patience = 20) {
    std::vector<StageEvent> events;
    const double start = SystemClock().Monotonic();
    while (supervisor.busy() && SystemClock().Monotonic() - start < patience) {
      for (StageEvent& event : supervisor.Poll()) events.push_back(std::move(event));
      SystemClock().Sleep(0.002);
    }
    EXPECT_FALSE(supervisor.busy()) << "no end within " << patience << " s";
    return events;
  }

  StageFailed RunToFailure(Supervisor& supervisor, const Json& params,
                           const StageLimits& limits = {}) {
    supervisor.Start(MakeRun(params), limits);
    const auto events = Finish(supervisor);
    if (events.empty() || !std::holds_alternative<StageFailed>(events.back().message)) {
      ADD_FAILURE() << "the attempt did not fail";
      return {};
    }
    tail_ = events.back().log_tail;
    return std::get<StageFailed>(events.back().message);
  }

  void ExpectSuccess(Supervisor& supervisor) {
    const StageRun run = MakeRun({{"sleep_ms", 1}});
    supervisor.Start(run);
    const auto events = Finish(supervisor);
    ASSERT_FALSE(events.empty());
    const auto* done = std::get_if<StageDone>(&events.back().message);
    ASSERT_NE(done, nullptr);
    EXPECT_EQ(done->attempt, run.attempt);
    EXPECT_EQ(done->artifact, ReadManifest(run.staging).Digest());
  }

  TempFolder folder_;
  Home home_{folder_.path()};
  SupervisorOptions options_;
  std::string tail_;  // log lines of the last failure
};

TEST_F(SupervisorTest, RunsOneAttemptAfterAnotherInOneWarmProcess) {
  Supervisor supervisor(options_, "slot", SystemClock());
  ExpectSuccess(supervisor);
  const pid_t first = supervisor.pid();
  ExpectSuccess(supervisor);
  EXPECT_EQ(supervisor.pid(), first);
}

TEST_F(SupervisorTest, ReportsProgressAndMetrics) {
  Supervisor supervisor(options_, "slot", SystemClock());
  supervisor.Start(MakeRun({{"steps", 3}}));
  const auto events = Finish(supervisor);
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(std::get<StageProgress>(events[2].message).done, 3);
  const auto& done = std::get<StageDone>(events[3].message);
  EXPECT_EQ(done.metrics.at("value"), 42);
}

TEST_F(SupervisorTest, EveryEndOfTheProcessIsACrashWithItsLog) {
  Supervisor supervisor(options_, "slot", SystemClock());
  const std::map<std::string, std::string> ends = {{"crash", "signal 9"},
                                                   {"exit", "exit 3"},
                                                   {"garbage", "above the limit"},
                                                   {"bad_frame", "nonsense"},
                                                   {"close", "closed its stream"}};
  for (const auto& [fault, words] : ends) {
    const StageFailed failed = RunToFailure(supervisor, {{"fault", fault}});
    EXPECT_EQ(failed.failure, Failure::kCrash) << fault;
    EXPECT_THAT(failed.message, HasSubstr(words));
    EXPECT_THAT(tail_, HasSubstr("fault " + fault));
    ExpectSuccess(supervisor);  // in a new process
  }
}

TEST_F(SupervisorTest, SilenceBeyondTheLimitIsATimeout) {
  Supervisor supervisor(options_, "slot", SystemClock());
  const double start = SystemClock().Monotonic();
  const StageFailed failed = RunToFailure(supervisor, {{"fault", "hang"}}, {.stall = 0.3});
  EXPECT_EQ(failed.failure, Failure::kTimeout);
  EXPECT_LT(SystemClock().Monotonic() - start, 10);
  EXPECT_EQ(supervisor.pid(), -1);
  ExpectSuccess(supervisor);
}

TEST_F(SupervisorTest, AnAttemptThatOutlivesItsTimeIsATimeout) {
  Supervisor supervisor(options_, "slot", SystemClock());
  const StageFailed failed =
      RunToFailure(supervisor, {{"steps", 6000}, {"sleep_ms", 60000}}, {.time = 0.3});
  EXPECT_EQ(failed.failure, Failure::kTimeout);
  EXPECT_THAT(failed.message, HasSubstr("resources: {time: 0.3s}"))
      << "though it gave signs of life";
  EXPECT_EQ(supervisor.pid(), -1);
  ExpectSuccess(supervisor);
}

TEST_F(SupervisorTest, OurOwnAbsenceIsNoSilenceOfTheStage) {
  FakeClock clock;
  Supervisor supervisor(options_, "slot", clock);
  supervisor.Start(MakeRun({{"sleep_ms", 60000}}), {.stall = 5});
  while (supervisor.signature().is_null()) supervisor.Poll();
  clock.Advance(100);
  EXPECT_TRUE(supervisor.Poll().empty());
  EXPECT_TRUE(supervisor.busy());
  std::vector<StageEvent> events;
  for (int second = 0; second < 6 && events.empty(); ++second) {
    clock.Advance(1);
    events = supervisor.Poll();
  }
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(std::get<StageFailed>(events[0].message).failure, Failure::kTimeout);
}

// Stopped and continued at any instruction: the clock leaps between two looks at it.
TEST_F(SupervisorTest, AnAbsenceInTheMiddleOfATurnIsNoSilenceOfTheStage) {
  class LeapingClock : public FakeClock {
   public:
    double Monotonic() const override {
      if (leap_after > 0 && --leap_after == 0) Sleep(100);
      return FakeClock::Monotonic();
    }
    mutable int leap_after = 0;
  };
  for (int after = 1; after <= 4; ++after) {
    LeapingClock clock;
    Supervisor supervisor(options_, "slot", clock);
    supervisor.Start(MakeRun({{"sleep_ms", 60000}}), {.stall = 5});
    while (supervisor.signature().is_null()) supervisor.Poll();
    clock.leap_after = after;
    for (int turn = 0; turn < 5; ++turn) EXPECT_TRUE(supervisor.Poll().empty()) << after;
    EXPECT_TRUE(supervisor.busy());
    supervisor.Cancel();
  }
}

TEST_F(SupervisorTest, AStoppedProcessIsATimeout) {
  Supervisor supervisor(options_, "slot", SystemClock());
  supervisor.Start(MakeRun({{"sleep_ms", 60000}}), {.stall = 0.3});
  while (supervisor.signature().is_null()) supervisor.Poll();
  kill(supervisor.pid(), SIGSTOP);
  const auto events = Finish(supervisor);
  EXPECT_EQ(std::get<StageFailed>(events.back().message).failure, Failure::kTimeout);
}

TEST_F(SupervisorTest, AProcessKilledWhileIdleIsReplaced) {
  Supervisor supervisor(options_, "slot", SystemClock());
  ExpectSuccess(supervisor);
  kill(supervisor.pid(), SIGKILL);
  SystemClock().Sleep(0.05);
  ExpectSuccess(supervisor);
}

TEST_F(SupervisorTest, WhatAStageReportsOfAnotherAttemptIsDropped) {
  Supervisor supervisor(options_, "slot", SystemClock());
  const StageRun run = MakeRun({{"fault", "foreign_done"}});
  supervisor.Start(run);
  const auto events = Finish(supervisor);
  EXPECT_EQ(std::get<StageDone>(events.back().message).attempt, run.attempt);
}

TEST_F(SupervisorTest, AFailureThatTheStageReportsKeepsItsClass) {
  Supervisor supervisor(options_, "slot", SystemClock());
  EXPECT_EQ(RunToFailure(supervisor, {{"fault", "data"}}).failure, Failure::kData);
  EXPECT_EQ(RunToFailure(supervisor, {{"fault", "error"}}).failure, Failure::kError);
}

TEST_F(SupervisorTest, CancelKillsAndSaysNothing) {
  Supervisor supervisor(options_, "slot", SystemClock());
  supervisor.Start(MakeRun({{"sleep_ms", 60000}}));
  while (supervisor.signature().is_null()) supervisor.Poll();
  const pid_t pid = supervisor.pid();
  supervisor.Cancel();
  EXPECT_FALSE(supervisor.busy());
  EXPECT_TRUE(supervisor.Poll().empty());
  EXPECT_EQ(kill(pid, 0), -1);
  ExpectSuccess(supervisor);
}

TEST_F(SupervisorTest, AskedToLeaveAStageEndsAsInterrupted) {
  Supervisor supervisor(options_, "slot", SystemClock());
  supervisor.Start(MakeRun({{"sleep_ms", 60000}}));
  while (supervisor.signature().is_null()) supervisor.Poll();
  supervisor.Drain();
  const auto events = Finish(supervisor);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(std::get<StageFailed>(events[0].message).failure, Failure::kInterrupted);
  ExpectSuccess(supervisor);
}

TEST_F(SupervisorTest, AStageThatHasNotBegunIsInterruptedAtOnce) {
  Supervisor supervisor(options_, "slot", SystemClock());
  supervisor.Start(MakeRun(Json::object()));
  supervisor.Drain();
  EXPECT_FALSE(supervisor.busy());
  EXPECT_EQ(supervisor.pid(), -1);
  const auto events = supervisor.Poll();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(std::get<StageFailed>(events[0].message).failure, Failure::kInterrupted);
}

TEST_F(SupervisorTest, AResultAfterTheWordToLeaveCounts) {
  Supervisor supervisor(options_, "slot", SystemClock());
  supervisor.Start(MakeRun({{"sleep_ms", 1000}, {"ignore_term", true}}));
  // Its log shows that it no longer hears the signal.
  while (TailOfFile(home_.log(supervisor.attempt()), 1).empty()) supervisor.Poll();
  supervisor.Drain();
  const auto events = Finish(supervisor);
  ASSERT_FALSE(events.empty());
  EXPECT_TRUE(std::holds_alternative<StageDone>(events.back().message));
}

TEST_F(SupervisorTest, AStageThatSomebodyElseAskedToLeaveIsInterrupted) {
  Supervisor supervisor(options_, "slot", SystemClock());
  EXPECT_EQ(RunToFailure(supervisor, {{"fault", "leave"}}).failure, Failure::kInterrupted);
}

TEST_F(SupervisorTest, AStageOfAnotherBuildIsRefused) {
  setenv("ZEROSWEEP_FAULT_DIGEST", "another", 1);
  Supervisor supervisor(options_, "slot", SystemClock());
  supervisor.Start(MakeRun(Json::object()));
  try {
    Finish(supervisor);
    FAIL() << "not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCluster);
    EXPECT_THAT(error.what(), HasSubstr("rebuild"));
  }
}

TEST_F(SupervisorTest, AProgramThatDoesNotStartIsAnErrorAfterThreeTries) {
  setenv("ZEROSWEEP_FAULT_START", "1", 1);
  Supervisor supervisor(options_, "slot", SystemClock());
  supervisor.Start(MakeRun(Json::object()));
  try {
    Finish(supervisor);
    FAIL() << "not noticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCluster);
    EXPECT_THAT(error.what(), HasSubstr("3 tries; the last ended with exit 7"));
    EXPECT_THAT(error.what(), HasSubstr("cannot start: told so"));
  }
}

TEST_F(SupervisorTest, EachAttemptHasItsOwnLog) {
  Supervisor supervisor(options_, "slot", SystemClock());
  const StageRun first = MakeRun({{"sleep_ms", 1}}), second = MakeRun({{"sleep_ms", 60000}});
  supervisor.Start(first);
  Finish(supervisor);
  supervisor.Start(second);
  while (TailOfFile(home_.log(second.attempt), 1).empty()) supervisor.Poll();
  EXPECT_EQ(ReadFile(home_.log(first.attempt)), "running " + first.attempt + "\n");
  EXPECT_EQ(ReadFile(home_.log(second.attempt)), "running " + second.attempt + "\n");  // live
  supervisor.Cancel();
  EXPECT_TRUE(
      std::filesystem::is_regular_file(std::filesystem::symlink_status(home_.log(second.attempt))));
}

// Another node has published an input; here it appears a moment later.
TEST_F(SupervisorTest, OnANetworkFileSystemAnAttemptWaitsForItsInputs) {
  for (const bool network : {true, false}) {
    options_.network = network;
    Supervisor supervisor(options_, "slot", SystemClock());
    ExpectSuccess(supervisor);  // the process is warm
    const StageRun maker = MakeRun({{"sleep_ms", 1}});
    supervisor.Start(maker);
    Finish(supervisor);
    StageRun run = MakeRun({{"sleep_ms", 1}});
    const std::filesystem::path published = folder_.path() / "input";
    run.inputs["images"] = published;
    supervisor.Start(run);
    const double start = SystemClock().Monotonic();
    while (supervisor.busy() && SystemClock().Monotonic() - start < 0.3) {
      for (const StageEvent& event : supervisor.Poll())
        EXPECT_FALSE(network && std::holds_alternative<StageFailed>(event.message));
      SystemClock().Sleep(0.002);
    }
    EXPECT_EQ(supervisor.busy(), network);
    if (!network) continue;
    std::filesystem::rename(maker.staging, published);
    const auto events = Finish(supervisor);
    EXPECT_TRUE(std::holds_alternative<StageDone>(events.back().message));
  }
}

TEST_F(SupervisorTest, AnInputThatStaysAwayIsTheStagesToReport) {
  options_.network = true;
  options_.input_patience = 0.1;
  Supervisor supervisor(options_, "slot", SystemClock());
  StageRun run = MakeRun({{"sleep_ms", 1}});
  run.inputs["images"] = folder_.path() / "nowhere";
  supervisor.Start(run);
  const auto events = Finish(supervisor);
  ASSERT_FALSE(events.empty());
  EXPECT_TRUE(std::holds_alternative<StageFailed>(events.back().message));
}

}  // namespace
}  // namespace zerosweep
