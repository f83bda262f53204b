// Stages of several ranks, as fake stages that meet in their store: seats, ends, refusals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "cluster/transport/local_transport.h"
#include "storage/results/results.h"
#include "tests/support/fake_plan.h"
#include "tests/support/fake_runs.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

using testing::HasSubstr;

class GroupSessionTest : public testing::Test {
 protected:
  Outcome Run(const Json& stages, SessionOptions session) {
    session.display.quiet = true;
    LocalTransport transport;
    return RunSweep(FakePlan(stages), transport, session, SystemClock());
  }
  Outcome Run(const Json& stages, int slots) { return Run(stages, FakeSession(home_, slots)); }
  // One stage of two ranks, then one that uses what it made.
  static Json Pair(const Json& params = Json::object()) {
    return {{{"name", "group"}, {"params", params}, {"ranks", 2}},
            {{"name", "user"}, {"inputs", {"group"}}}};
  }
  Json Column(const std::string& sql) {
    Json values = Json::array();
    for (const auto& row : ResultsReader(home_).Query(sql).rows) values.push_back(row.at(0));
    return values;
  }
  Json Failures() {
    return Column("SELECT failure FROM v_attempt WHERE failure IS NOT NULL ORDER BY number");
  }

  TempFolder folder_;
  Home home_{folder_.path() / "home"};
};

TEST_F(GroupSessionTest, RanksMeetAndRankZeroSpeaksForThem) {
  EXPECT_EQ(Run(Pair(), 2).exit_code, kExitOk);
  EXPECT_EQ(FakeRuns(home_).CountAll("done"), 2);
  EXPECT_EQ(Column("SELECT count(*) FROM v_attempt"), Json({2}));
  EXPECT_EQ(Column("SELECT worker FROM v_attempt WHERE kind = 'group'"),
            Json({"node/slot 0 and 1 more"}));
}

TEST_F(GroupSessionTest, GroupsAndSingleStagesShareTheSlots) {
  Json stages = Json::array();
  for (int i = 0; i < 6; ++i)
    stages.push_back(
        {{"name", fmt::format("s{}", i)}, {"params", {{"sleep_ms", 5 * i}}}, {"ranks", 1 + i % 3}});
  const Outcome outcome = Run(stages, 3);
  EXPECT_EQ(outcome.exit_code, kExitOk);
  EXPECT_EQ(outcome.stages_run, 6);
}

TEST_F(GroupSessionTest, ADeadRankFailsTheAttemptOnceAndItIsTriedAgain) {
  for (const int rank : {0, 1}) {
    Json stages = Pair({{"fault", "crash"}, {"times", 1}, {"rank", rank}});
    stages[0]["name"] = fmt::format("group{}", rank);
    stages[1] = {{"name", fmt::format("user{}", rank)}, {"inputs", {stages[0]["name"]}}};
    const Outcome outcome = Run(stages, 2);
    EXPECT_EQ(outcome.exit_code, kExitOk);
    EXPECT_EQ(outcome.attempts_failed, 1);
  }
  EXPECT_EQ(Failures(), Json({"crash", "crash"}));
  EXPECT_THAT(Column("SELECT message FROM v_attempt WHERE failure IS NOT NULL AND kind = 'group1'")
                  .at(0)
                  .get<std::string>(),
              HasSubstr("rank 1 of 2: stage process ended: signal 9"));
}

TEST_F(GroupSessionTest, AHungRankFailsTheAttempt) {
  SessionOptions session = FakeSession(home_, 2);
  session.coordinator.stall_limit = 0.5;
  const Outcome outcome = Run(Pair({{"fault", "hang"}, {"times", 1}, {"rank", 1}}), session);
  EXPECT_EQ(outcome.exit_code, kExitOk);
  EXPECT_EQ(outcome.attempts_failed, 1);
  EXPECT_EQ(Failures(), Json({"timeout"}));
}

TEST_F(GroupSessionTest, WhatARankReportsEndsTheOthers) {
  const Outcome outcome =
      Run(Pair({{"fault", "data"}, {"rank", 1}, {"sleep_ms", 0}, {"steps", 1}}), 2);
  EXPECT_EQ(outcome.exit_code, kExitSomeFailed);
  EXPECT_EQ(Failures(), Json({"data"}));
}

TEST_F(GroupSessionTest, AGroupThatIsTooLargeFailsAndTheSweepGoesOn) {
  Json stages = Pair();
  stages[0]["ranks"] = 4;
  stages.push_back({{"name", "other"}, {"params", {{"sleep_ms", 50}}}});
  stages.push_back({{"name", "pair"}, {"ranks", 2}});
  const Outcome outcome = Run(stages, 2);
  EXPECT_EQ(outcome.exit_code, kExitSomeFailed);
  EXPECT_EQ(outcome.failed, 1);
  EXPECT_EQ(outcome.done, 2);
  EXPECT_EQ(Failures(), Json({"configuration"}));
  EXPECT_EQ(
      Column("SELECT message FROM v_attempt WHERE failure IS NOT NULL").at(0),
      "it takes 4 ranks, but this run has room for 2: start with -n 4, and bring it back with "
      "`zerosweep retry`");
  EXPECT_EQ(FakeRuns(home_).CountAll("done"), 2);
}

}  // namespace
}  // namespace zerosweep
