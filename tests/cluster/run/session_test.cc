#include "cluster/run/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cmath>
#include <fstream>

#include "base/error.h"
#include "base/files.h"
#include "cluster/coordinator/live_view.h"
#include "cluster/transport/local_transport.h"
#include "storage/results/results.h"
#include "storage/upkeep/requests.h"
#include "tests/support/fake_plan.h"
#include "tests/support/fake_runs.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SessionTest : public testing::Test {
 protected:
  Outcome Run(const Plan& plan, SessionOptions session) {
    session.display.quiet = true;
    LocalTransport transport;
    return RunSweep(plan, transport, session, SystemClock());
  }
  Outcome Run(const Plan& plan, int slots = 2) { return Run(plan, FakeSession(home_, slots)); }

  Json Column(const std::string& sql) {
    Json values = Json::array();
    for (const auto& row : ResultsReader(home_).Query(sql).rows) values.push_back(row.at(0));
    return values;
  }

  TempFolder folder_;
  Home home_{folder_.path() / "home"};
};

Json Chain(const std::string& label, const Json& params = Json::object()) {
  return Json::array({{{"name", label + "-s"}, {"params", params}},
                      {{"name", label + "-q"}, {"inputs", {label + "-s"}}},
                      {{"name", label + "-e"}, {"inputs", {label + "-q"}}}});
}

Json Concat(std::initializer_list<Json> lists) {
  Json all = Json::array();
  for (const Json& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

TEST_F(SessionTest, WhatWouldNotEndBeforeTheAllocationIsLeftForTheNextRun) {
  const auto run_in_half_a_second = [&](const Plan& plan) {
    SessionOptions session = FakeSession(home_, 2);
    session.scheduler.deadline = SystemClock().Monotonic() + 0.5;
    session.scheduler.allocation = 3600;
    return Run(plan, session);
  };
  // Nobody knows what the stages take: a guess, of seconds here, holds nothing back.
  EXPECT_EQ(run_in_half_a_second(FakePlan(Chain("a", {{"sleep_ms", 700}}))).stages_run, 3);
  const Plan plan = FakePlan(Chain("a", {{"sleep_ms", 701}}));
  const Outcome outcome = run_in_half_a_second(plan);
  EXPECT_EQ(outcome.exit_code, kExitInterrupted);
  EXPECT_EQ(outcome.stages_run, 0);
  EXPECT_EQ(Column("SELECT count(*) FROM v_attempt"), Json::array({3}));
  EXPECT_EQ(Run(plan).exit_code, kExitOk);
}

TEST_F(SessionTest, ARunTellsWatchersHowFarItIs) {
  const Plan plan = FakePlan(Chain("a", {{"sleep_ms", 2500}}));
  const SessionOptions session = FakeSession(home_, 2);
  Run(plan, session);
  EXPECT_FALSE(ReadLiveView(home_).has_value());  // it has ended
  const std::filesystem::path file = LiveFile(home_, session.run);
  const LiveView view = LiveViewFromJson(ParseJson(ReadFile(file), file.string()), file.string());
  EXPECT_EQ(view.sweep, plan.sweep);
  EXPECT_EQ(view.trials, 1);
  ASSERT_EQ(view.nodes.size(), 1U);
  EXPECT_EQ(view.nodes[0].slots, 2);
  EXPECT_EQ(view.nodes[0].busy, 1);
  ASSERT_EQ(view.running.size(), 1U);
  EXPECT_EQ(view.running[0].place, "node/slot 0");
}

TEST_F(SessionTest, ComputesEveryStageOnceAndThenHasNothingToDo) {
  const Plan plan = FakePlan(Concat({Chain("a"), Chain("b"), Chain("c")}));
  const Outcome outcome = Run(plan);
  EXPECT_EQ(outcome.exit_code, kExitOk);
  EXPECT_EQ(outcome.done, 3);
  EXPECT_EQ(outcome.stages_run, 9);
  for (const StageRow& stage : plan.stages) EXPECT_EQ(FakeRuns(home_).Count(stage.name, "done"), 1);
  const Outcome again = Run(plan);
  EXPECT_EQ(again.exit_code, kExitNothingToDo);
  EXPECT_EQ(again.stages_run, 0);
  EXPECT_EQ(FakeRuns(home_).size(), 18u);  // started and done, of the first run only
}

TEST_F(SessionTest, WritesTheOutcomeOfTheRun) {
  const SessionOptions session = FakeSession(home_, 1);
  Run(FakePlan(Chain("a")), session);
  const auto outcome = ReadOutcome(home_, session.run);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->exit_code, kExitOk);
  EXPECT_EQ(outcome->done, 1);
}

TEST_F(SessionTest, AddedTrialsReuseWhatIsDone) {
  Run(FakePlan(Chain("a")));
  Json wider = Chain("a");
  wider.push_back({{"name", "a-e2"}, {"inputs", {"a-q"}}});
  const Outcome outcome = Run(FakePlan(wider));
  EXPECT_EQ(outcome.exit_code, kExitOk);
  EXPECT_EQ(outcome.stages_run, 1);
}

TEST_F(SessionTest, CrashesAreRetriedAndEveryAttemptIsARow) {
  const Plan plan = FakePlan(Chain("a", {{"fault", "crash"}, {"times", 2}}));
  const Outcome outcome = Run(plan);
  EXPECT_EQ(outcome.exit_code, kExitOk);
  EXPECT_EQ(outcome.attempts_failed, 2);
  EXPECT_EQ(Column("SELECT attempts FROM v_trial"), Json({5}));
  EXPECT_EQ(Column("SELECT failure FROM v_attempt WHERE failure IS NOT NULL"),
            Json({"crash", "crash"}));
}

TEST_F(SessionTest, AFailedStageFailsItsTrialsAndOnlyThose) {
  const Plan plan = FakePlan(Concat({Chain("bad", {{"fault", "error"}}), Chain("good")}));
  const Outcome outcome = Run(plan);
  EXPECT_EQ(outcome.exit_code, kExitSomeFailed);
  EXPECT_EQ(outcome.done, 1);
  EXPECT_EQ(outcome.failed, 1);
  EXPECT_EQ(FakeRuns(home_).Count(plan.stages[0].name, "started"), 2);
  const Json errors = Column("SELECT error FROM v_trial WHERE state = 'failed'");
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_THAT(errors[0].get<std::string>(), HasSubstr("the fake stage was told to fail"));
  EXPECT_EQ(Run(plan).exit_code, kExitSomeFailed);  // not retried without `retry`
  EXPECT_EQ(FakeRuns(home_).Count(plan.stages[0].name, "started"), 2);
}

TEST_F(SessionTest, MissingDataIsNeverRetried) {
  const Plan plan = FakePlan(Chain("a", {{"fault", "data"}}));
  EXPECT_EQ(Run(plan).exit_code, kExitSomeFailed);
  EXPECT_EQ(FakeRuns(home_).Count(plan.stages[0].name, "started"), 1);
}

TEST_F(SessionTest, AHangEndsAtItsLimit) {
  SessionOptions session = FakeSession(home_, 1);
  session.coordinator.stall_limit = 0.3;
  const Outcome outcome = Run(FakePlan(Chain("a", {{"fault", "hang"}, {"times", 1}})), session);
  EXPECT_EQ(outcome.exit_code, kExitOk);
  EXPECT_EQ(Column("SELECT failure FROM v_attempt WHERE failure IS NOT NULL"), Json({"timeout"}));
}

TEST_F(SessionTest, AnArtifactThatIsNotWhatWasReportedIsNotPublished) {
  const Plan plan = FakePlan(Chain("a", {{"fault", "wrong_digest"}, {"times", 1}}));
  const Outcome outcome = Run(plan);
  EXPECT_EQ(outcome.exit_code, kExitOk);
  EXPECT_EQ(outcome.attempts_failed, 1);
  EXPECT_EQ(outcome.done, 1);
}

TEST_F(SessionTest, AFullDiskEndsTheRunAndBlamesNoTrial) {
  const Plan plan = FakePlan(Chain("a", {{"fault", "storage"}, {"times", 1}}));
  const SessionOptions session = FakeSession(home_, 1);
  try {
    Run(plan, session);
    FAIL() << "went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kStorage);
  }
  EXPECT_EQ(ReadOutcome(home_, session.run)->exit_code, kExitInfrastructure);
  EXPECT_EQ(Run(plan).exit_code, kExitOk);  // with room again
}

TEST_F(SessionTest, AnUnusableDeviceEndsTheRunAndBlamesNoTrial) {
  const Plan plan = FakePlan(Chain("a", {{"fault", "device"}, {"times", 1}}));
  const SessionOptions session = FakeSession(home_, 1);
  EXPECT_THROW(Run(plan, session), Error);
  EXPECT_EQ(ReadOutcome(home_, session.run)->exit_code, kExitInfrastructure);
  EXPECT_EQ(Run(plan).exit_code, kExitOk);  // with another device
}

TEST_F(SessionTest, TwoStagesMayMakeTheSameBytes) {
  const Json params = {{"bytes", "same"}, {"images", 100}, {"curve", true}};
  const Outcome outcome = Run(FakePlan(Concat({Chain("a", params), Chain("b", params)})));
  EXPECT_EQ(outcome.exit_code, kExitOk);
  EXPECT_EQ(outcome.attempts_failed, 0);
  EXPECT_EQ(outcome.done, 2);
  EXPECT_EQ(Column("SELECT images FROM correctness"), Json({100, 100}));  // each has its own
  EXPECT_EQ(Column("SELECT points FROM curve"), Json({3, 3}));
}

TEST_F(SessionTest, CorrectnessAndCurvesComeFromTheArtifact) {
  Run(FakePlan(Chain("a", {{"images", 100}, {"curve", true}})));
  EXPECT_EQ(Column("SELECT value FROM v_metric WHERE name = 'images'"), Json({100}));
  EXPECT_EQ(Column("SELECT images FROM correctness"), Json({100}));
  EXPECT_EQ(Column("SELECT points FROM curve"), Json({3}));
}

TEST_F(SessionTest, WhatWasPublishedButNotCommittedIsAdopted) {
  const Plan plan = FakePlan(Chain("a"));
  Run(plan);
  // A database that never heard of it, beside the artifacts.
  for (const char* file : {"results.db", "results.db-wal", "results.db-shm"})
    std::filesystem::remove(home_.folder / file);
  const Outcome outcome = Run(plan);
  EXPECT_EQ(outcome.exit_code, kExitNothingToDo);
  EXPECT_EQ(outcome.done, 1);
  EXPECT_EQ(FakeRuns(home_).Count(plan.stages[0].name, "started"), 1);
}

TEST_F(SessionTest, TheCheckpointsOfAStageGoWhenItIsCommittedOrFoundDone) {
  const Plan plan = FakePlan(Concat({Chain("a"), Chain("b", {{"fault", "error"}})}));
  const auto leave_one = [&](const StageRow& stage) {
    const std::filesystem::path folder = home_.checkpoints(stage.name);
    MakePrivateFolder(folder / "attempt-7");
    WriteFileDurably(folder / "attempt-7" / "state.json", "{}");
    return folder;
  };
  const auto done = leave_one(plan.stages[0]), failed = leave_one(plan.stages[3]);
  Run(plan);
  EXPECT_FALSE(std::filesystem::exists(done));
  EXPECT_TRUE(std::filesystem::exists(failed));
  leave_one(plan.stages[0]);
  Run(plan);
  EXPECT_FALSE(std::filesystem::exists(done));
}

TEST_F(SessionTest, ASecondCoordinatorIsRefused) {
  home_.Create();
  const HomeLock other(home_, SystemClock());
  const SessionOptions session = FakeSession(home_, 1);
  try {
    Run(FakePlan(Chain("a")), session);
    FAIL() << "two writers";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kStorage);
    EXPECT_THAT(error.what(), HasSubstr("in use"));
    EXPECT_EQ(ReadOutcome(home_, session.run)->message, error.what());
  }
}

TEST_F(SessionTest, ARequestCancelsATrialThatRuns) {
  const Plan plan =
      FakePlan(Concat({Chain("a", {{"sleep_ms", 600000}}), Chain("b", {{"sleep_ms", 1}})}));
  home_.Create();
  DropRequest(home_, {{"command", "cancel"}, {"trials", {FakeTrialId("a-e")}}});
  const Outcome outcome = Run(plan);  // would take ten minutes otherwise
  EXPECT_EQ(outcome.cancelled, 1);
  EXPECT_EQ(outcome.done, 1);
  EXPECT_EQ(Column("SELECT state FROM v_trial WHERE trial = '" + FakeTrialId("a-e") + "'"),
            Json({"cancelled"}));
}

TEST_F(SessionTest, SlotsFollowThePolicy) {
  const JoinRequest node{"node", 16, {}, 0, ""};
  const JoinRequest gpus{"node", 16, {"cuda:0", "cuda:2", "cuda:3"}, 0, ""};
  EXPECT_EQ(SlotsOfRank({.threads = 4}, 0, 1, node), 4);
  EXPECT_EQ(SlotsOfRank({.threads = 32}, 0, 1, node), 1);
  EXPECT_EQ(SlotsOfRank({}, 0, 1, gpus), 3);
  EXPECT_EQ(SlotsOfRank({.slots = 3}, 1, 2, node), 3);  // ranks are nodes: each has -n
  EXPECT_EQ(SlotsOfRank({.slots = 3, .spread = true}, 0, 2, node), 2);
  EXPECT_EQ(SlotsOfRank({.slots = 3, .spread = true}, 1, 2, node), 1);
  EXPECT_EQ(SlotsOfRank({.slots = 1, .spread = true}, 3, 4, node), 1);
}

TEST_F(SessionTest, OnlyGpusThatWorkHaveSlots) {
  const JoinRequest gpus{"node", 16, {"cuda:0", "cuda:2", "cuda:3"}, 0, ""};
  EXPECT_THAT(DevicesOfRank({}, 0, 1, gpus), ElementsAre("cuda:0", "cuda:2", "cuda:3"));
  EXPECT_THAT(DevicesOfRank({}, 5, 8, gpus), ElementsAre("cuda:0", "cuda:2", "cuda:3"));
  EXPECT_THAT(DevicesOfRank({.slots = 4}, 0, 1, gpus),
              ElementsAre("cuda:0", "cuda:2", "cuda:3", "cuda:0"));
  EXPECT_THAT(DevicesOfRank({.slots = 4, .spread = true}, 1, 2, gpus),
              ElementsAre("cuda:3", "cuda:0"));
  EXPECT_THAT(DevicesOfRank({.threads = 8}, 0, 1, {"node", 16, {}, 0, ""}),
              ElementsAre("cpu", "cpu"));
}

TEST_F(SessionTest, DevicesThatAreAnErrorEndTheRun) {
  SessionOptions session = FakeSession(home_, 2);
  session.worker.devices.error = "--device cuda asks for GPUs, but there is none";
  try {
    Run(FakePlan(Chain("a")), session);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCluster);
    EXPECT_THAT(error.what(), HasSubstr("asks for GPUs"));
  }
  EXPECT_EQ(Run(FakePlan(Chain("a"))).exit_code, kExitOk);
}

}  // namespace
}  // namespace zerosweep
