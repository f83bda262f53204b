// Whatever is killed, and whenever: in the end every trial is done exactly once, with the bits of a
// run that nobody disturbed.
#include "tests/support/chaos.h"

#include "tests/support/fake_sweep.h"

namespace zerosweep {
namespace {

TEST(ChaosTest, EveryTrialEndsOnceWithTheBitsOfAnUndisturbedRun) {
  const FakeSweep quiet(30, 40);
  Program undisturbed(quiet.Command({"--slots", "16"}), quiet.output());
  ASSERT_EQ(undisturbed.Wait(), kExitOk) << Contents(quiet.output());
  const auto expected = ArtifactsOf(quiet.home());
  int left = ChaosKills(/*in_ci=*/20);
  std::map<std::string, int> struck;
  for (uint32_t round = 0; left > 0; ++round) {
    const FakeSweep sweep(30, 40);
    // Nobody but us is to blame for a stage that dies often.
    Chaos chaos({sweep.Command({"--ranks", "3", "--slots", "4", "--limit", "2", "--grace", "2",
                                "--max-attempts", "1000"}),
                 sweep.home(), sweep.output()},
                round);
    left -= chaos.Disturb(left);
    chaos.Complete();
    for (const auto& [target, count] : chaos.struck()) struck[target] += count;
    sweep.ExpectAllDoneOnce();
    sweep.ExpectNoOrphans();
    EXPECT_EQ(IntegrityOf(sweep.home()), "ok");
    EXPECT_EQ(ArtifactsOf(sweep.home()), expected);
    ASSERT_FALSE(HasFailure()) << "round " << round;
  }
  for (const auto& [target, count] : struck) fmt::print("{} × {}\n", count, target);
}

}  // namespace
}  // namespace zerosweep
