// Stages of several ranks as a user asks for them.
#include <gmock/gmock.h>

#include "tests/support/command_line.h"

namespace zerosweep {
namespace {

using testing::HasSubstr;

constexpr const char* kArtifact =
    "SELECT artifact FROM v_stage WHERE kind = 'quantize' AND state = 'done'";

class GroupsTest : public testing::Test {
 protected:
  std::string WriteSweep(const std::string& methods) {
    line_.Write("sweep.yaml",
                CommandLine::Sweep("grid:\n  bits: [w8a8]\n  method: [" + methods + "]\n"));
    return line_ / "sweep.yaml";
  }
  static std::string Gdfq(int ranks, int iterations) {
    return fmt::format(
        "{{recipe: gdfq, quantize: {{ranks: {}, batch: 8, warm_up: 4, iterations: {}}}}}", ranks,
        iterations);
  }
  // Both ranks are processes, and at work.
  bool WaitForGroup() {
    return WaitUntil(
        [&] {
          SystemClock().Sleep(0.1);
          return line_.Query("SELECT 1 FROM v_attempt WHERE kind = 'quantize' AND outcome IS NULL")
                         .size() == 1 &&
                 StagesOf(line_.home()).size() == 2;
        },
        60);
  }

  CommandLine line_;
};

TEST_F(GroupsTest, RunsOnRanksAndFailsWhatIsTooLarge) {
  const std::string sweep = WriteSweep("noise, {recipe: intraq, quantize: {ranks: 2}}, " +
                                       Gdfq(1, 4) + ", " + Gdfq(2, 4) + ", " + Gdfq(4, 4));
  const Finished run = line_.Do({"run", sweep, "-n", "2"});
  EXPECT_EQ(run.code, 1) << run.err;
  EXPECT_THAT(run.err, HasSubstr("it takes 4 ranks, but this run has room for 2: start with -n 4"));
  EXPECT_EQ(line_.Value("SELECT count(*) FROM v_trial WHERE state = 'done'"), 4);
  EXPECT_EQ(line_.Value("SELECT count(*) FROM v_trial WHERE state = 'failed'"), 1);
  EXPECT_THAT(line_.Value("SELECT error FROM v_trial WHERE state = 'failed'").get<std::string>(),
              HasSubstr("it takes 4 ranks"));
  EXPECT_EQ(line_.Value("SELECT count(*) FROM v_attempt WHERE worker LIKE '% and 1 more'"), 2);
  line_.ExpectNoOrphans();
  // With more slots it can be had.
  EXPECT_EQ(line_.Do({"retry"}).code, 0);
  const Finished wider = line_.Do({"run", sweep, "-n", "4"});
  EXPECT_EQ(wider.code, 0) << wider.err;
}

TEST_F(GroupsTest, DisturbedOnceItMakesTheSame) {
  const std::string sweep = WriteSweep(Gdfq(2, 120));
  ASSERT_EQ(line_.Do({"run", sweep, "-n", "2"}).code, 0);
  const Json undisturbed = line_.Value(kArtifact);

  line_.UseHome("disturbed");
  {
    const auto run = line_.Start({"run", sweep, "-n", "2"});
    ASSERT_TRUE(WaitForGroup()) << run->Said();
    SystemClock().Sleep(3);  // one that has not yet begun would only be started again
    kill(StagesOf(line_.home()).back(), SIGKILL);
    ASSERT_TRUE(WaitUntil([&] { return run->Said().find("crash") != std::string::npos; }, 10))
        << run->Said();
    ASSERT_TRUE(WaitUntil([&] { return StagesOf(line_.home()).size() == 2; }, 30));
    SystemClock().Sleep(3);  // the second attempt is at work
    run->Signal(SIGTERM);
    const Finished interrupted = run->Wait();
    EXPECT_EQ(interrupted.code, 75) << interrupted.err;
  }
  line_.ExpectNoOrphans();
  const Finished resumed = line_.Do({"run", sweep, "-n", "2"});
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(line_.Value(kArtifact), undisturbed);
  EXPECT_EQ(line_.Value("SELECT group_concat(coalesce(failure, 'done'), ' ') FROM v_attempt WHERE "
                        "kind = 'quantize'"),
            "crash interrupted done");
}

TEST_F(GroupsTest, OtherQuantizersRunOnOneRank) {
  const Finished run = line_.Do({"plan", WriteSweep("{recipe: noise, quantize: {ranks: 2}}")});
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.err, HasSubstr("ranks is 2, but minmax runs on one rank (on several run: "));
}

}  // namespace
}  // namespace zerosweep
