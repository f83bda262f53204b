#include "cluster/coordinator/flight.h"

#include <gtest/gtest.h>

namespace zerosweep {
namespace {

constexpr double kGrace = 20;

StageFailed By(Failure failure) {
  return {"a", ErrorKind::kTrial, failure, std::string("of ") + ToString(failure)};
}

class FlightTest : public testing::Test {
 protected:
  FlightTest() {
    flight_.members.push_back({0, {0, {0}}});
    flight_.members.push_back({0, {0, {1}}});
    flight_.members.push_back({1, {1, {0}}});
  }
  void Fail(int rank, Failure failure, double now) {
    flight_.NoteFailure(rank, By(failure), std::string("tail of ") + ToString(failure), now,
                        kGrace);
  }

  Flight flight_;
};

TEST_F(FlightTest, ACrashEndsTheOthersAtOnce) {
  Fail(1, Failure::kCrash, 100);
  EXPECT_EQ(flight_.failed->failure, Failure::kCrash);
  EXPECT_EQ(flight_.failed->message, "rank 1 of 3: of crash");
  EXPECT_EQ(flight_.log_tail, "tail of crash");
  EXPECT_EQ(flight_.revoke_at, 100);
  Fail(0, Failure::kTimeout, 100.1);
  EXPECT_EQ(flight_.failed->failure, Failure::kCrash);  // the first
}

TEST_F(FlightTest, WhoHasLostAnotherIsNotTheCause) {
  Fail(0, Failure::kLostWorker, 100);
  EXPECT_EQ(flight_.revoke_at, 101);  // for the cause to be seen
  Fail(1, Failure::kOutOfMemory, 100.2);
  EXPECT_EQ(flight_.failed->failure, Failure::kOutOfMemory);
  EXPECT_EQ(flight_.revoke_at, 100.2);
}

TEST_F(FlightTest, AnInterruptionLetsTheOthersSave) {
  Fail(1, Failure::kInterrupted, 100);
  EXPECT_EQ(flight_.revoke_at, 100 + kGrace);
  Fail(2, Failure::kLostWorker, 100.5);
  EXPECT_EQ(flight_.failed->failure, Failure::kInterrupted);
  EXPECT_TRUE(flight_.failed->message.starts_with("rank 1 of 3"));
  Fail(0, Failure::kInterrupted, 101);
  EXPECT_TRUE(flight_.failed->message.starts_with("rank 0 of 3"));  // which has saved
}

TEST_F(FlightTest, AWorkerThatIsLostTakesTheGroupWithIt) {
  flight_.NoteFailure(-1, By(Failure::kLostWorker), {}, 100, kGrace);
  EXPECT_EQ(flight_.revoke_at, 100);
  EXPECT_EQ(flight_.failed->message, "of lost_worker");
}

TEST_F(FlightTest, OnceRankZeroIsDoneTheOthersOnlyFollow) {
  flight_.NoteDone({"a", "digest", {}, 1, {}}, 100);
  Fail(2, Failure::kCrash, 101);
  EXPECT_FALSE(flight_.failed);
  EXPECT_EQ(flight_.revoke_at, 110);
}

TEST_F(FlightTest, AResultAfterAFailureDoesNotCount) {
  Fail(2, Failure::kError, 100);
  flight_.NoteDone({"a", "digest", {}, 1, {}}, 101);
  EXPECT_FALSE(flight_.done);
}

TEST_F(FlightTest, KnowsWhoLives) {
  EXPECT_EQ(flight_.Find(0, 1), &flight_.members[1]);
  EXPECT_EQ(flight_.Find(1, 1), nullptr);
  EXPECT_EQ(flight_.Find(1, 3), nullptr);
  flight_.members[2].alive = false;
  EXPECT_EQ(flight_.Find(1, 2), nullptr);
  EXPECT_FALSE(flight_.AliveOn(1));
  EXPECT_TRUE(flight_.AnyAlive());
}

}  // namespace
}  // namespace zerosweep
