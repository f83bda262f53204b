// The same as tests/cluster/mpi/chaos_test.cc, with stages that compute: kills of the real programs
// change no result.
#include "tests/support/chaos.h"

#include "tests/support/command_line.h"

namespace zerosweep {
namespace {

std::string WriteSweep(const CommandLine& line) {
  line.Write("sweep.yaml",
             CommandLine::Sweep("grid:\n"
                                "  method: [noise, {recipe: zeroq, synthesize: {iterations: 25}}]\n"
                                "  bits: [w8a8, w4a4]\n"
                                "seeds: [0, 1]\n"));
  return line / "sweep.yaml";
}

constexpr int kTrials = 8;
constexpr int kStages = 1 + 4 + 8 + 8;

TEST(ChaosTest, KillsOfTheRealProgramsChangeNoResult) {
  const CommandLine quiet;
  const Finished undisturbed = quiet.Do({"run", WriteSweep(quiet), "-n", "2"});
  ASSERT_EQ(undisturbed.code, 0) << undisturbed.err;
  const auto expected = ArtifactsOf(Home{quiet.home()});
  int left = ChaosKills(/*in_ci=*/24) / 4;
  std::map<std::string, int> struck;
  for (uint32_t round = 0; left > 0; ++round) {
    const CommandLine line;
    Chaos chaos({{BuildFolder() + "/bin/zerosweep", "--home", line.home(), "run", WriteSweep(line),
                  "--ranks", "2", "-n", "2", "--max-attempts", "1000", "--grace", "5"},
                 Home{line.home()},
                 line / "output.txt",
                 0.5,
                 3},
                round);
    left -= chaos.Disturb(left);
    chaos.Complete();
    for (const auto& [target, count] : chaos.struck()) struck[target] += count;
    EXPECT_EQ(line.Value("SELECT count(*) FROM v_trial WHERE state = 'done'"), kTrials);
    EXPECT_EQ(line.Value("SELECT count(*) FROM v_attempt WHERE outcome = 'done'"), kStages)
        << "exactly one attempt of each stage counts";
    EXPECT_EQ(line.Value("SELECT count(*) FROM v_attempt WHERE outcome IS NULL"), 0);
    line.ExpectNoOrphans();
    EXPECT_EQ(IntegrityOf(Home{line.home()}), "ok");
    EXPECT_EQ(ArtifactsOf(Home{line.home()}), expected);
    ASSERT_FALSE(HasFailure()) << "round " << round << ": " << Contents(line / "output.txt");
  }
  for (const auto& [target, count] : struck) fmt::print("{} × {}\n", count, target);
}

}  // namespace
}  // namespace zerosweep
