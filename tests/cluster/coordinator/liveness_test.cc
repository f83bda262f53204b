#include "cluster/coordinator/liveness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace zerosweep {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(LivenessTest, ARankThatStaysSilentIsReportedOnce) {
  FakeClock clock;
  Liveness liveness(clock, 60);
  liveness.Seen(1);
  liveness.Seen(2);
  for (int i = 0; i < 61; ++i) {
    clock.Advance(1);
    liveness.Turn();
    liveness.Seen(2);
  }
  EXPECT_THAT(liveness.TakeSilent(), ElementsAre(1));
  EXPECT_THAT(liveness.TakeSilent(), IsEmpty());
}

TEST(LivenessTest, OurOwnAbsenceIsNotTheirSilence) {
  FakeClock clock;
  Liveness liveness(clock, 60);
  liveness.Seen(1);
  clock.Advance(500);  // stopped and continued
  liveness.Turn();
  EXPECT_THAT(liveness.TakeSilent(), IsEmpty());
  for (int i = 0; i < 61; ++i) {
    clock.Advance(1);
    liveness.Turn();
  }
  EXPECT_THAT(liveness.TakeSilent(), ElementsAre(1));
}

TEST(LivenessTest, AForgottenRankIsNoLongerWatched) {
  FakeClock clock;
  Liveness liveness(clock, 60);
  liveness.Seen(1);
  liveness.Forget(1);
  clock.Advance(100);
  EXPECT_THAT(liveness.TakeSilent(), IsEmpty());
}

}  // namespace
}  // namespace zerosweep
