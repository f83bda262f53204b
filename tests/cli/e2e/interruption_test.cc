// Stage processes that are killed, and sweeps that are stopped and taken up again.
#include <pty.h>

#include "tests/support/command_line.h"

namespace zerosweep {
namespace {

// Two trials of ZeroQ with enough iterations to be met at work: seven stages.
std::string WriteLongSweep(const CommandLine& line) {
  line.Write("sweep.yaml",
             CommandLine::Sweep("grid:\n"
                                "  method: [{recipe: zeroq, synthesize: {iterations: 25}}]\n"
                                "  bits: [w8a8]\n"
                                "seeds: [0, 1]\n"));
  return line / "sweep.yaml";
}

// Waits until `count` syntheses are under way.
bool WaitForSyntheses(const CommandLine& line, int count) {
  return WaitUntil(
      [&] {
        SystemClock().Sleep(0.1);  // each look is a program of its own
        const Finished finished =
            line.Do({"--format", "json", "query",
                     "SELECT count(*) AS n FROM v_attempt WHERE outcome IS NULL AND kind = "
                     "'synthesize'"});
        return finished.code == 0 && finished.json().at(0).at("n").get<int>() >= count;
      },
      60);
}

void ExpectEverythingDoneOnce(const CommandLine& line) {
  EXPECT_EQ(line.Value("SELECT count(*) FROM v_trial WHERE state = 'done'"), 2);
  EXPECT_EQ(line.Value("SELECT count(*) FROM v_trial WHERE state != 'done'"), 0);
  EXPECT_EQ(line.Value("SELECT count(*) FROM v_stage WHERE state = 'done'"), 7);
  EXPECT_EQ(line.Value("SELECT count(*) FROM v_attempt WHERE outcome = 'done'"), 7)
      << "exactly one attempt of each stage counts";
  EXPECT_EQ(line.Value("SELECT count(*) FROM v_attempt WHERE outcome IS NULL"), 0);
}

TEST(InterruptionTest, AKilledStageIsTriedAgainAndRecorded) {
  const CommandLine line;
  const auto run = line.Start({"run", WriteLongSweep(line), "-n", "2"});
  ASSERT_TRUE(WaitForSyntheses(line, 2)) << run->Said();
  const std::vector<pid_t> stages = StagesOf(line.home());
  ASSERT_FALSE(stages.empty());
  for (const pid_t stage : stages) kill(stage, SIGKILL);
  const Finished finished = run->Wait();
  EXPECT_EQ(finished.code, 0) << finished.err;
  ExpectEverythingDoneOnce(line);
  const Json crashes =
      line.Query("SELECT kind, message FROM v_attempt WHERE failure = 'crash' ORDER BY kind");
  ASSERT_GE(crashes.size(), 1U);
  EXPECT_LE(crashes.size(), stages.size());
  EXPECT_NE(crashes[0].at("message").get<std::string>().find("signal 9"), std::string::npos)
      << crashes;
  line.ExpectNoOrphans();
}

TEST(InterruptionTest, AnInterruptedSweepResumes) {
  const CommandLine line;
  const std::string sweep = WriteLongSweep(line);
  const auto run = line.Start({"run", sweep, "-n", "2"});
  ASSERT_TRUE(WaitForSyntheses(line, 1)) << run->Said();
  run->Signal(SIGINT);
  const Finished interrupted = run->Wait();
  EXPECT_EQ(interrupted.code, 75) << interrupted.err;
  EXPECT_NE(interrupted.err.find("run the same command again to resume"), std::string::npos)
      << interrupted.err;
  line.ExpectNoOrphans();
  EXPECT_EQ(line.Value("SELECT count(*) FROM v_stage WHERE kind = 'teacher' AND state = 'done'"), 1)
      << "what was committed stays";
  EXPECT_GT(line.Value("SELECT count(*) FROM v_trial WHERE state = 'open'"), 0);

  const Finished resumed = line.Do({"run", sweep, "-n", "2"});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  ExpectEverythingDoneOnce(line);
  EXPECT_EQ(line.Value("SELECT count(*) FROM v_attempt WHERE kind = 'teacher'"), 1)
      << "nothing committed is computed again";
  line.ExpectNoOrphans();
}

// One synthesis that takes seconds.
std::string WriteOneSynthesis(const CommandLine& line) {
  line.Write("sweep.yaml",
             CommandLine::Sweep("grid:\n"
                                "  method: [{recipe: zeroq, synthesize: {images: 2, batch: 2, "
                                "iterations: 150}}]\n"
                                "  bits: [w8a8]\n"));
  return line / "sweep.yaml";
}

TEST(InterruptionTest, AnInterruptedSynthesisGoesOnWhereItWas) {
  CommandLine line;
  const std::string sweep = WriteOneSynthesis(line);
  const std::string artifact =
      "SELECT artifact FROM v_stage WHERE kind = 'synthesize' AND state = 'done'";
  ASSERT_EQ(line.Do({"run", sweep}).code, 0);
  const Json uninterrupted = line.Value(artifact);

  line.UseHome("interrupted_home");
  const std::filesystem::path checkpoints = line.home() / "checkpoints";
  // Until the signal meets it at work, not on its way there.
  for (double wait = 0.2; !std::filesystem::exists(checkpoints) && wait < 10; wait += 0.4) {
    const auto run = line.Start({"run", sweep});
    ASSERT_TRUE(WaitForSyntheses(line, 1)) << run->Said();
    SystemClock().Sleep(wait);
    run->Signal(SIGINT);
    ASSERT_EQ(run->Wait().code, 75);
  }
  ASSERT_TRUE(std::filesystem::exists(checkpoints));
  EXPECT_EQ(line.Do({"fsck"}).code, 0);
  EXPECT_EQ(line.Do({"gc", "--min-age", "0"}).code, 0);

  const Finished resumed = line.Do({"run", sweep});
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(line.Value(artifact), uninterrupted);
  const std::string log =
      line.Do({"logs", line.Value("SELECT attempt FROM v_attempt WHERE kind = 'synthesize' AND "
                                  "outcome = 'done'")})
          .out;
  EXPECT_NE(log.find("resumed from iteration "), std::string::npos) << log;
  EXPECT_TRUE(std::filesystem::is_empty(checkpoints)) << "they go when the stage is committed";
  line.ExpectNoOrphans();
}

// A closed terminal hangs up twice, once by the kernel and once by the shell.
TEST(InterruptionTest, AHangUpSavesFirst) {
  const CommandLine line;
  const std::string sweep = WriteOneSynthesis(line);
  for (const std::vector<std::string>& ranks : {std::vector<std::string>{}, {"--ranks", "2"}}) {
    std::vector<std::string> words = {"run", sweep};
    words.insert(words.end(), ranks.begin(), ranks.end());
    const auto run = line.Start(words);
    ASSERT_TRUE(WaitForSyntheses(line, 1)) << run->Said();
    SystemClock().Sleep(0.5);
    run->Signal(SIGHUP);
    SystemClock().Sleep(0.05);
    run->Signal(SIGHUP);
    const Finished interrupted = run->Wait();
    EXPECT_EQ(interrupted.code, 75) << interrupted.err;
    EXPECT_TRUE(std::filesystem::exists(line.home() / "checkpoints")) << interrupted.err;
    line.ExpectNoOrphans();
  }
}

TEST(InterruptionTest, AClosedTerminalSavesFirst) {
  const CommandLine line;
  const std::string sweep = WriteOneSynthesis(line), zerosweep = BuildFolder() + "/bin/zerosweep",
                    home = line.home();
  int terminal = -1;
  const pid_t run = forkpty(&terminal, nullptr, nullptr, nullptr);
  if (run == 0) {
    execl(zerosweep.c_str(), "zerosweep", "--home", home.c_str(), "run", sweep.c_str(), nullptr);
    _exit(127);
  }
  EXPECT_TRUE(WaitForSyntheses(line, 1));
  SystemClock().Sleep(0.5);
  close(terminal);
  int status = 0;
  ASSERT_TRUE(WaitUntil([&] { return waitpid(run, &status, WNOHANG) == run; }, 40));
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 75);
  EXPECT_TRUE(std::filesystem::exists(line.home() / "checkpoints"));
  line.ExpectNoOrphans();
}

TEST(InterruptionTest, UnderNohupARunGoesOn) {
  const CommandLine line;
  const std::string sweep = WriteLongSweep(line);
  const auto run_with = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words = {"/usr/bin/nohup",
                                      BuildFolder() + "/bin/zerosweep",
                                      "--home",
                                      line.home(),
                                      "run",
                                      sweep,
                                      "-n",
                                      "2"};
    words.insert(words.end(), more.begin(), more.end());
    const auto run = line.StartProgram(words);
    EXPECT_TRUE(WaitForSyntheses(line, 1)) << run->Said();
    run->Signal(SIGHUP);
    // Ranks, whose signals mpirun sets, are in groups that no terminal's end reaches.
    if (more.empty())
      for (const pid_t stage : StagesOf(line.home())) kill(stage, SIGHUP);
    EXPECT_EQ(run->Wait().code, 0) << run->Said();
  };
  run_with({});
  run_with({"--ranks", "2", "--set", "seeds=[2]"});
  EXPECT_EQ(line.Value("SELECT count(*) FROM v_attempt WHERE outcome != 'done'"), 0);
}

TEST(InterruptionTest, TheRanksOfAnInterruptedSweepEnd) {
  const CommandLine line;
  const std::string sweep = WriteLongSweep(line);
  const auto run = line.Start({"run", sweep, "--ranks", "2"});
  ASSERT_TRUE(WaitForSyntheses(line, 1)) << run->Said();
  run->Signal(SIGINT);
  const Finished interrupted = run->Wait();
  EXPECT_EQ(interrupted.code, 75) << interrupted.err;
  line.ExpectNoOrphans();
  EXPECT_EQ(line.Do({"run", sweep, "-n", "2"}).code, 0);
  ExpectEverythingDoneOnce(line);
}

}  // namespace
}  // namespace zerosweep
