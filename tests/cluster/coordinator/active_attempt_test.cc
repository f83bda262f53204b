#include "cluster/coordinator/active_attempt.h"

#include <gtest/gtest.h>

namespace zerosweep {
namespace {

constexpr double kGrace = 20;

StageFailed FailedBy(Failure failure) {
  return {"a", ErrorKind::kTrial, failure, std::string("of ") + ToString(failure)};
}

class ActiveAttemptTest : public testing::Test {
 protected:
  ActiveAttemptTest() {
    active_.members.push_back({0, {0, {0}}});
    active_.members.push_back({0, {0, {1}}});
    active_.members.push_back({1, {1, {0}}});
  }
  void Fail(int rank, Failure failure, double now) {
    active_.RecordFailure(rank, FailedBy(failure), std::string("tail of ") + ToString(failure), now,
                          kGrace);
  }

  ActiveAttempt active_;
};

TEST_F(ActiveAttemptTest, EveryCountBeginsAnew) {
  const auto report = [&](double done, double total, const char* unit, double now) {
    active_.RecordProgress({"a", done, total, unit, ""}, now);
    return std::pair(active_.counted_from, *active_.counted_since);
  };
  EXPECT_EQ(report(40, 100, "iterations", 10), std::pair(40.0, 10.0));  // resumed at 40
  EXPECT_EQ(report(60, 100, "iterations", 20), std::pair(40.0, 10.0));
  EXPECT_EQ(report(60, 100, "images", 30), std::pair(60.0, 30.0));
  EXPECT_EQ(report(90, 100, "images", 40), std::pair(60.0, 30.0));
  EXPECT_EQ(report(1, 100, "images", 50), std::pair(1.0, 50.0));  // for the second time
  EXPECT_EQ(report(2, 200, "images", 60), std::pair(2.0, 60.0));
  EXPECT_EQ(active_.progress.done, 2);
}

TEST_F(ActiveAttemptTest, ACrashEndsTheOthersAtOnce) {
  Fail(1, Failure::kCrash, 100);
  EXPECT_EQ(active_.failed->failure, Failure::kCrash);
  EXPECT_EQ(active_.failed->message, "rank 1 of 3: of crash");
  EXPECT_EQ(active_.log_tail, "tail of crash");
  EXPECT_EQ(active_.revoke_at, 100);
  Fail(0, Failure::kTimeout, 100.1);
  EXPECT_EQ(active_.failed->failure, Failure::kCrash);  // the first
}

TEST_F(ActiveAttemptTest, WhoHasLostAnotherIsNotTheCause) {
  Fail(0, Failure::kLostWorker, 100);
  EXPECT_EQ(active_.revoke_at, 101);  // for the cause to be seen
  Fail(1, Failure::kOutOfMemory, 100.2);
  EXPECT_EQ(active_.failed->failure, Failure::kOutOfMemory);
  EXPECT_EQ(active_.revoke_at, 100.2);
}

TEST_F(ActiveAttemptTest, AnInterruptionLetsTheOthersSave) {
  Fail(1, Failure::kInterrupted, 100);
  EXPECT_EQ(active_.revoke_at, 100 + kGrace);
  Fail(2, Failure::kLostWorker, 100.5);
  EXPECT_EQ(active_.failed->failure, Failure::kInterrupted);
  EXPECT_TRUE(active_.failed->message.starts_with("rank 1 of 3"));
  Fail(0, Failure::kInterrupted, 101);
  EXPECT_TRUE(active_.failed->message.starts_with("rank 0 of 3"));  // which has saved
}

TEST_F(ActiveAttemptTest, AWorkerThatIsLostTakesTheGroupWithIt) {
  active_.RecordFailure(-1, FailedBy(Failure::kLostWorker), {}, 100, kGrace);
  EXPECT_EQ(active_.revoke_at, 100);
  EXPECT_EQ(active_.failed->message, "of lost_worker");
}

TEST_F(ActiveAttemptTest, OnceRankZeroIsDoneTheOthersOnlyFollow) {
  active_.RecordDone({"a", "digest", {}, 1, {}}, 100);
  Fail(2, Failure::kCrash, 101);
  EXPECT_FALSE(active_.failed);
  EXPECT_EQ(active_.revoke_at, 110);
}

TEST_F(ActiveAttemptTest, AResultAfterAFailureDoesNotCount) {
  Fail(2, Failure::kError, 100);
  active_.RecordDone({"a", "digest", {}, 1, {}}, 101);
  EXPECT_FALSE(active_.done);
}

TEST_F(ActiveAttemptTest, KnowsWhoLives) {
  EXPECT_EQ(active_.Find(0, 1), &active_.members[1]);
  EXPECT_EQ(active_.Find(1, 1), nullptr);
  EXPECT_EQ(active_.Find(1, 3), nullptr);
  active_.members[2].alive = false;
  EXPECT_EQ(active_.Find(1, 2), nullptr);
  EXPECT_FALSE(active_.AliveOn(1));
  EXPECT_TRUE(active_.AnyAlive());
}

}  // namespace
}  // namespace zerosweep
